//! OpenSSL of the system, found by pkg-config in the sandbox.

fn said() -> String {
    // SAFETY: the text is static.
    let version = unsafe { std::ffi::CStr::from_ptr(openssl_sys::OpenSSL_version(0)) };
    version.to_string_lossy().into_owned()
}

fn main() {
    println!("{}", said());
}

#[test]
fn version() {
    assert!(said().starts_with("OpenSSL 3."));
}
