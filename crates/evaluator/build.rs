//! Passes on what nix-c-bindings found: the rpath of libnix (for the programs of
//! this package alone; the thin one never links it) and the features of its C API.

use std::env;

/// Must name every feature of `crates/nix-c-bindings/build.rs`.
const FEATURES: [&str; 2] = ["nix_flake_per_state", "nix_verbosity"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for directory in env::var("DEP_NIXEXPRC_LIBDIRS")
        .unwrap_or_default()
        .split(':')
        .filter(|text| !text.is_empty())
    {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{directory}");
        // GNU ld wants to see the libraries' own libraries; other linkers do not
        // know the flag on macOS.
        if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("macos") {
            println!("cargo::rustc-link-arg=-Wl,-rpath-link,{directory}");
        }
    }
    // The tests take the `nix` program of the same prefix.
    println!(
        "cargo::rustc-env=CARGO_NIX_LIBDIRS={}",
        env::var("DEP_NIXEXPRC_LIBDIRS").unwrap_or_default()
    );
    let features = env::var("DEP_NIXEXPRC_FEATURES").unwrap_or_default();
    for feature in FEATURES {
        println!("cargo::rustc-check-cfg=cfg({feature})");
        if features.split(',').any(|name| name == feature) {
            println!("cargo::rustc-cfg={feature}");
        }
    }
}
