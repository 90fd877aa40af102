//! A build script that asks the machine's python3 what it is.

fn said() -> String {
    // SAFETY: the text is static, and Python gives it before it is initialised.
    let version = unsafe { std::ffi::CStr::from_ptr(pyo3_ffi::Py_GetVersion()) };
    version.to_string_lossy().into_owned()
}

fn main() {
    println!("{}", said());
}

#[test]
fn version() {
    assert!(said().starts_with("3."));
}
