//! libgit2, bundled and compiled by its build script, and curl of the system.

fn said() -> String {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: the pointers are to integers of ours; curl's text is static.
    let curl = unsafe {
        libgit2_sys::git_libgit2_version(&mut major, &mut minor, &mut patch);
        std::ffi::CStr::from_ptr(curl_sys::curl_version())
    };
    format!("libgit2 {major}.{minor}.{patch}, {}", curl.to_string_lossy())
}

fn main() {
    println!("{}", said());
}

#[test]
fn versions() {
    assert!(said().starts_with("libgit2 1.") && said().contains("libcurl/"));
}
