//! Many files of C, compiled by a build script.

fn version() -> u32 {
    // SAFETY: the function takes nothing and reads a constant.
    unsafe { zstd_sys::ZSTD_versionNumber() }
}

fn main() {
    println!("{}", version());
}

#[test]
fn is_the_first() {
    assert_eq!(version() / 10_000, 1);
}
