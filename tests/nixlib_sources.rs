//! Where `pkgs` and `rust` come from: each source gives a whole environment.

mod common;
mod nixlib_help;

use nixlib_help::{Case, lock};
use std::path::PathBuf;
use std::process::Command;

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

/// Every way to name a toolchain gives one, over each source of them; what it has
/// is what was asked for.
#[test]
fn every_way_to_a_toolchain() {
    let nixpkgs = ("nixpkgs", "package-set");
    let sources = [
        (vec![], "stable", false),
        (vec![nixpkgs], "1.89.0", false),
        (vec![nixpkgs, ("fenix", "fenix")], "1.89.0", true),
        (vec![nixpkgs, ("rust-overlay", "rust-overlay")], "1.88", true),
    ];
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    for (pins, channel, has_others) in sources {
        let target = if has_others {
            "wasm32-unknown-unknown"
        } else {
            &host
        };
        let text = format!(
            "{{ rust }}:\n{{\n  toolchain = rust.withComponents [ \"clippy\" \"rustfmt\" ];\n  env = {{\n    \
             MINIMAL = rust.minimal;\n    FILE = rust.fromFile ./other.toml;\n    \
             CHANNEL = rust.fromChannel \"{channel}\";\n    TARGETS = rust.withTargets [ \"{target}\" ];\n  }};\n}}\n"
        );
        let file = format!("[toolchain]\nchannel = \"{channel}\"\nprofile = \"minimal\"\n");
        let files = [("crate-env.nix", &*text), ("other.toml", &*file)];
        let case = Case::over(&pins, &files);
        let (dump, _) = case.environment();
        for name in ["MINIMAL", "FILE", "CHANNEL", "TARGETS"] {
            let toolchain = PathBuf::from(dump["variables"][name].as_str().expect("a toolchain"));
            for program in ["rustc", "cargo"] {
                assert!(
                    toolchain.join("bin").join(program).exists(),
                    "{pins:?} {name} {program}"
                );
            }
            // nixpkgs' own has its std elsewhere.
            if name == "TARGETS" && (has_others || pins.is_empty()) {
                assert!(toolchain.join("lib/rustlib").join(target).is_dir(), "{pins:?}");
            }
        }
        let path = dump["prepend"]["PATH"].as_array().expect("PATH");
        for program in ["rustc", "cargo-clippy", "rustfmt"] {
            let found = path
                .iter()
                .filter_map(|entry| entry.as_str())
                .any(|directory| PathBuf::from(directory).join(program).exists());
            assert!(found, "{pins:?}: no {program} in {path:?}");
        }
    }
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

/// The sources that a project's one slot has roots of.
fn kept_sources(case: &Case) -> Vec<PathBuf> {
    let slots = std::fs::read_dir(case.world.cache().join("slots")).expect("slots");
    let links = slots.flat_map(|slot| std::fs::read_dir(slot.expect("a slot").path()).expect("its files"));
    let links = links.map(|link| link.expect("a file").path()).filter(|link| {
        let name = link.file_name().expect("a name").to_string_lossy();
        name.starts_with("input-")
    });
    links
        .map(|link| std::fs::read_link(link).expect("a link"))
        .filter(|path| path.to_string_lossy().ends_with("-source"))
        .collect()
}

/// What a flake's output took from any of its inputs is not fetched again after
/// a garbage collection; what nobody asked for is not fetched at all.
#[test]
fn every_input_that_was_fetched_is_kept() {
    let world = common::World::with_own_store();
    let project = world.path().join("project");
    let case = Case { world, project };
    let mut pins = lock(&[
        ("nixpkgs", "package-set"),
        ("more", "fenix"),
        ("unused", "rust-overlay"),
    ]);
    pins["nodes"]["unused"]["locked"]["path"] = serde_json::json!("/nonexistent");
    let input = |name: &str| {
        format!(
            "inputs.{name} = {{ url = \"path:{}\"; flake = false; }};",
            pins["nodes"][name]["original"]["path"].as_str().expect("a path")
        )
    };
    let flake = format!(
        "{{\n  {} {} {}\n  outputs = {{ self, nixpkgs, more, unused }}:\n    \
         let pkgs = import nixpkgs {{ system = \"x86_64-linux\"; }}; in\n    \
         {{ cargoNix.x86_64-linux.pkgs = pkgs // {{ length = builtins.stringLength (builtins.readFile \"${{more}}/default.nix\"); }}; }};\n}}\n",
        input("nixpkgs"),
        input("more"),
        input("unused"),
    );
    case.world.write("project/flake.lock", &pins.to_string());
    case.world.write("project/flake.nix", &flake);
    case.world.write(
        "project/crate-env.nix",
        "{ rust, pkgs }: { env.LENGTH = pkgs.length; }\n",
    );
    case.environment();
    let sources: Vec<PathBuf> = kept_sources(&case);
    common::success(
        Command::new(common::nix_program().with_file_name("nix-store"))
            .envs(case.world.store_variables())
            .args(["--option", "build-users-group", "", "--gc"]),
    );
    assert_eq!(sources.len(), 2, "{sources:?}");
    assert!(
        sources.iter().all(|path| path.join("default.nix").exists()),
        "{sources:?}"
    );
}

/// The same of npins, which crate-env.nix may ask for itself.
#[test]
fn every_pin_of_npins_that_was_fetched_is_kept() {
    let pins = lock(&[("nixpkgs", "package-set"), ("more", "fenix")]);
    let pin = |name: &str| {
        let locked = &pins["nodes"][name]["locked"];
        format!(
            "{name}.outPath = (builtins.fetchTree {{ type = \"path\"; path = {}; narHash = {}; }}).outPath;\n",
            locked["path"], locked["narHash"]
        )
    };
    let sources = serde_json::json!({ "version": 5, "pins": {
        "nixpkgs": { "hash": pins["nodes"]["nixpkgs"]["locked"]["narHash"] },
        "more": { "hash": pins["nodes"]["more"]["locked"]["narHash"] },
        "channel": { "hash": null },
    } });
    let case = Case::new(&[
        (
            "crate-env.nix",
            "{ rust }: { env.LENGTH = builtins.stringLength (builtins.readFile \"${(import ./npins).more}/default.nix\"); }\n",
        ),
        (
            "npins/default.nix",
            &format!("{{\n{}{}}}\n", pin("nixpkgs"), pin("more")),
        ),
        ("npins/sources.json", &sources.to_string()),
    ]);
    case.environment();
    let sources: Vec<PathBuf> = kept_sources(&case);
    assert_eq!(sources.len(), 2, "{sources:?}");
}

/// Not even a directory with expressions.
#[test]
fn an_input_that_is_not_nixpkgs() {
    let case = Case::locked(&[("nixpkgs", "install")], &[("crate-env.nix", PLAIN)]);
    let fault = case.fault();
    assert!(
        fault.contains("`nixpkgs` of flake.lock is not nixpkgs: it has no default.nix\n"),
        "{fault}"
    );
    assert!(fault.contains("<project>/flake.lock:1:1"), "{fault}");
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
