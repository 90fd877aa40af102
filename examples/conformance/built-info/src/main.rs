//! The compiler that built this, as `built` and as `vergen` tell it.

#[allow(dead_code)]
mod built {
    include!(concat!(env!("OUT_DIR"), "/built.rs"));
}

fn main() {
    println!("{} {}", env!("VERGEN_RUSTC_SEMVER"), built::RUSTC_VERSION);
}

#[test]
fn both_name_one_compiler() {
    assert!(built::RUSTC_VERSION.contains(env!("VERGEN_RUSTC_SEMVER")));
    assert!(built::DEPENDENCIES_STR.contains("vergen"));
}
