//! Where `pkgs` and `rust` come from: each source gives a whole environment.

mod common;
mod nixlib_help;

use nixlib_help::{Case, lock};

const PLAIN: &str = "{ rust, pkg-config, openssl }:\n{\n  toolchain = rust.default;\n  \
                     nativeBuildInputs = [ pkg-config ];\n  buildInputs = [ openssl ];\n}\n";
const TOOLS: &str = "{ rust }: { tools = [ rust.clippy ]; }\n";
const NIGHTLY: &str = "[toolchain]\nchannel = \"nightly\"\ntargets = [\"wasm32-unknown-unknown\"]\ncomponents = [\"rustfmt\"]\n";

#[test]
fn nixpkgs_of_flake_lock() {
    let case = Case::locked(&[("nixpkgs", "package-set")], &[("crate-env.nix", PLAIN)]);
    insta::assert_json_snapshot!(case.dump());
}

#[test]
fn fenix_of_flake_lock() {
    let pins = [("nixpkgs", "package-set"), ("fenix", "fenix")];
    let case = Case::locked(
        &pins,
        &[("crate-env.nix", TOOLS), ("rust-toolchain.toml", NIGHTLY)],
    );
    insta::assert_json_snapshot!(case.dump());
}

#[test]
fn rust_overlay_of_flake_lock() {
    let pins = [("nixpkgs", "package-set"), ("rust-overlay", "rust-overlay")];
    let case = Case::locked(
        &pins,
        &[("crate-env.nix", TOOLS), ("rust-toolchain.toml", NIGHTLY)],
    );
    insta::assert_json_snapshot!(case.dump());
}

/// The central place: its toolchain beats what the layers name.
#[test]
fn the_flakes_own_output() {
    let pins = [("nixpkgs", "package-set")];
    let path = common::repository().join("tests/fixtures/package-set");
    let flake = format!(
        "{{\n  inputs.nixpkgs = {{ url = \"path:{}\"; flake = false; }};\n  outputs = {{ self, nixpkgs }}:\n    \
         let pkgs = import nixpkgs {{ system = \"x86_64-linux\"; }}; in\n    {{ cargoNix.x86_64-linux = {{ inherit pkgs; toolchain = pkgs.rustc; }}; }};\n}}\n",
        path.display()
    );
    let case = Case::locked(&pins, &[("crate-env.nix", PLAIN), ("flake.nix", &flake)]);
    assert_eq!(case.dump()["toolchain"], "<rustc-1.89.0>");
}

#[test]
fn a_flake_without_the_output_gives_its_inputs() {
    let path = common::repository().join("tests/fixtures/package-set");
    let flake = format!(
        "{{\n  inputs.nixpkgs = {{ url = \"path:{}\"; flake = false; }};\n  outputs = inputs: {{ }};\n}}\n",
        path.display()
    );
    let pins = [("nixpkgs", "package-set")];
    let case = Case::locked(&pins, &[("crate-env.nix", PLAIN), ("flake.nix", &flake)]);
    assert_eq!(case.dump()["toolchain"], "<rust-1.89.0>");
}

/// npins is a file that says where its pins are.
#[test]
fn npins() {
    let pins = lock(&[("nixpkgs", "package-set")]);
    let locked = &pins["nodes"]["nixpkgs"]["locked"];
    let npins = format!(
        "{{\n  nixpkgs.outPath = (builtins.fetchTree {{ type = \"path\"; path = {}; narHash = {}; }}).outPath;\n}}\n",
        locked["path"], locked["narHash"]
    );
    let case = Case::new(&[
        ("crate-env.nix", PLAIN),
        ("npins/default.nix", &npins),
        ("npins/sources.json", "{}"),
    ]);
    assert_eq!(case.dump()["toolchain"], "<rust-1.89.0>");
}

#[test]
fn a_lock_of_the_future() {
    let case = Case::new(&[
        ("crate-env.nix", PLAIN),
        ("flake.lock", r#"{"version":99,"root":"root","nodes":{}}"#),
    ]);
    insta::assert_snapshot!(case.fault());
}

#[test]
fn a_flake_that_is_not_locked() {
    let case = Case::new(&[
        ("crate-env.nix", PLAIN),
        (
            "flake.nix",
            "{\n  inputs.nixpkgs.url = \"github:NixOS/nixpkgs\";\n  outputs = _: { cargoNix = { }; };\n}\n",
        ),
    ]);
    insta::assert_snapshot!(case.fault());
}
