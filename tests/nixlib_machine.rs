//! The host set over machines that this one is not: `nix/` evaluated by the
//! `nix` that belongs to libnix, with a description of our own.

mod common;

use common::{World, nix_program, repository, success};
use serde_json::{Value, json};

/// Problems and warnings of the environment of this crate-env.nix over `machine`, a Nix set.
fn meta(crate_env: &str, machine: &Value) -> Value {
    let world = World::new();
    world.write("project/crate-env.nix", crate_env);
    let machine = world.write("machine.json", &machine.to_string());
    let expression = format!(
        "let meta = (import {}/nix/entry.nix {{ system = \"x86_64-linux\"; layers = [ \"\" ]; pins = null; rustToolchain = null; snapshot = {}; host = builtins.fromJSON (builtins.readFile {}); }}).meta; in {{ inherit (meta) problems warnings; }}",
        repository().display(),
        world.path().join("project").display(),
        machine.display(),
    );
    let text = success(
        world
            .command(nix_program())
            .args([
                "--extra-experimental-features",
                "nix-command",
                "eval",
                "--impure",
                "--json",
                "--expr",
            ])
            .arg(expression),
    );
    serde_json::from_str(&text).expect("JSON")
}

/// A machine with the program zstd; with its library, or without.
fn machine(lacks: Option<&str>) -> Value {
    let program = json!({ "path": "/usr/bin/zstd", "version": "1.5", "identity": "1", "lacks": lacks,
                          "programs": { "zstd": "/usr/bin/zstd" } });
    let library =
        json!({ "version": "1.5", "identity": "2", "pc": [], "files": [], "lib": [], "include": {} });
    let libraries = if lacks.is_some() {
        json!({})
    } else {
        json!({ "zstd": library })
    };
    json!({ "sandboxPaths": [], "programs": { "zstd": program }, "libraries": libraries,
            "install": "apt-get install", "rust": null,
            "cc": { "version": "12", "identity": "3", "programs": {} } })
}

/// What the distribution has, and what it has not.
#[test]
fn a_package_that_the_machine_lacks_is_told_with_the_way_out() {
    let mut machine = machine(None);
    machine["installable"] = json!({ "dav1d": "libdav1d-dev", "libtensorflow": null });
    let meta = meta("{ dav1d, libtensorflow }: { }\n", &machine);
    let told: Vec<&str> = meta["problems"]
        .as_array()
        .expect("problems")
        .iter()
        .map(|problem| problem["hint"].as_str().expect("a hint"))
        .collect();
    assert_eq!(
        told,
        [
            "install it: apt-get install libdav1d-dev",
            "its distribution has no package for it: take it from nixpkgs (flake.lock or npins)"
        ]
    );
}

/// Without its library, an environment would come without a word, and the build
/// would fail.
#[test]
fn a_program_does_not_stand_in_for_a_library() {
    let told = |crate_env: &str, lacks| {
        let text = crate_env.replace(
            '…',
            "toolchain = derivation { name = \"t\"; inherit system; builder = \"/bin/sh\"; };",
        );
        let meta = meta(&text, &machine(lacks));
        assert_eq!(meta["problems"], json!([]), "{meta}");
        meta["warnings"].to_string()
    };
    let lacks = Some("libzstd-dev");
    let library = "{ zstd, system, ... }:\n{ …\n  buildInputs = [ zstd ]; }\n";
    let warning = "crate-env.nix:3:3: `buildInputs` has `zstd`, of which this machine has the programs but not the \
                   library\\n  install it: apt-get install libzstd-dev";
    assert!(told(library, lacks).contains(warning), "{}", told(library, lacks));
    assert_eq!(told(library, None), "[]");
    let program = "{ zstd, system, ... }:\n{ … nativeBuildInputs = [ zstd ]; }\n";
    assert_eq!(told(program, lacks), "[]");
    let of_crate = "{ zstd, system, ... }:\n{ … crates.zstd-sys.buildInputs = [ zstd ]; }\n";
    assert!(told(of_crate, lacks).contains("libzstd-dev"));
    let shell = "{ zstd, mkShell, system, ... }:\nmkShell { buildInputs = [ zstd ]; }\n";
    assert!(told(shell, lacks).contains("libzstd-dev"));
}
