//! SQLite, compiled by a build script: one file of C, the largest there is.

fn said() -> String {
    // SAFETY: the text is static.
    let version = unsafe { std::ffi::CStr::from_ptr(libsqlite3_sys::sqlite3_libversion()) };
    version.to_string_lossy().into_owned()
}

fn main() {
    println!("{}", said());
}

#[test]
fn version() {
    assert!(said().starts_with("3."));
}
