//! Goes up from OUT_DIR to cargo's own directories, as scripts do that want to
//! put a library beside the program.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let above = out.join("../..").canonicalize().expect("OUT_DIR is below cargo's directories");
    let units = std::fs::read_dir(&above).expect("what is above OUT_DIR can be read").count();
    assert!(units > 0, "{} is empty", above.display());
    let profile = above.parent().and_then(Path::file_name).unwrap_or_default();
    println!("cargo::rustc-env=PROFILE_DIRECTORY={}", profile.display());
    let name = above.file_name().unwrap_or_default();
    println!("cargo::rustc-env=ABOVE_OUT_DIR={}", name.display());
}
