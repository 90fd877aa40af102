//! Entries of `crates` that the project did not write down itself: computed ones,
//! and nixpkgs' overrides. Those count that Cargo.lock has, and no others are
//! looked at.

mod common;
mod nixlib_help;

use nixlib_help::Case;
use std::process::Output;

fn lock(names: &[&str]) -> String {
    let packages = names
        .iter()
        .map(|name| format!("\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n"));
    format!("version = 4\n{}", packages.collect::<String>())
}

/// A project over the host set, or over the fixture of nixpkgs.
fn project(pinned: bool, crates: &str, names: &[&str]) -> Case {
    let text = format!("{{ rust, lib, pkgs, defaultCrateOverrides }}:\n{{\n  crates = {crates};\n}}\n");
    let lock = lock(names);
    let files = [("crate-env.nix", &*text), ("Cargo.lock", &*lock)];
    if pinned {
        Case::locked(&[("nixpkgs", "package-set")], &files)
    } else {
        Case::new(&files)
    }
}

fn env(case: &Case, evaluator: Option<&str>) -> Output {
    let mut command = case.world.cargo_nix();
    command.args(["env", "--print"]).current_dir(&case.project);
    common::run(command.envs(evaluator.map(|path| ("CARGO_NIX_EVAL", path))))
}

/// The packages whose units get something of `crates`: each has a variable.
fn counted(case: &Case, evaluator: Option<&str>) -> Vec<String> {
    let output = env(case, evaluator);
    assert!(output.status.success(), "{}", common::both(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let names = text
        .lines()
        .filter_map(|line| line.strip_prefix("export CARGO_NIX_CRATE_"));
    names
        .map(|line| line.split('=').next().unwrap_or_default().to_owned())
        .collect()
}

const COMPUTED: [&str; 3] = [
    "lib.genAttrs [ \"made-sys\" \"other-sys\" ] (name: { env.A = name; })",
    "builtins.mapAttrs (_: value: value) { made-sys.env.A = \"1\"; other-sys = throw \"it is looked at\"; }",
    "lib.genAttrs [ \"made-sys\" \"other-sys\" ] (name: attrs: { env.A = attrs.crateName; })",
];

/// The workspace's root need have no crate-env.nix of its own.
#[test]
fn the_lock_of_a_workspace_counts_for_its_members() {
    let case = Case::locked(
        &[("nixpkgs", "package-set")],
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"member\"]\n"),
            ("Cargo.lock", &lock(&["made-sys"])),
            (
                "member/Cargo.toml",
                "[package]\nname = \"member\"\nversion = \"0.1.0\"\n",
            ),
            (
                "member/crate-env.nix",
                "{ rust, lib }:\n{\n  crates = lib.genAttrs [ \"made-sys\" ] (name: { env.A = name; }) // {\n    \
                 mde-sys = { };\n  };\n}\n",
            ),
        ],
    );
    let case = Case {
        project: case.project.join("member"),
        ..case
    };
    let output = env(&case, None);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("`crates.mde-sys`") && told.contains("did you mean `made-sys`?"),
        "{told}"
    );
    assert_eq!(counted(&case, None), ["MADE_SYS", "MDE_SYS"]);
}

#[test]
fn computed_entries_count_if_cargo_lock_has_them() {
    for pinned in [false, true] {
        for crates in COMPUTED {
            let case = project(pinned, crates, &["made-sys"]);
            assert_eq!(counted(&case, None), ["MADE_SYS"], "{crates}");
        }
    }
}

/// The fixture's libz-sys wants a package that is broken, as any of nixpkgs' may.
#[test]
fn nixpkgs_overrides_count_if_cargo_lock_has_them() {
    for pinned in [false, true] {
        for crates in [
            "defaultCrateOverrides",
            "builtins.mapAttrs (_: value: value) defaultCrateOverrides",
        ] {
            let case = project(pinned, crates, &["openssl-sys"]);
            assert_eq!(counted(&case, None), ["OPENSSL_SYS"], "{crates}");
        }
    }
}

/// A crate that Cargo.lock gains is evaluated for; one that it had is a hit.
#[test]
fn an_edit_of_cargo_lock_counts_where_it_matters() {
    let case = project(
        true,
        "lib.genAttrs [ \"one-sys\" \"two-sys\" ] (name: { env.A = name; })",
        &["one-sys"],
    );
    assert_eq!(counted(&case, None), ["ONE_SYS"]);
    case.world
        .write("project/Cargo.lock", &lock(&["one-sys", "two-sys"]));
    assert_eq!(counted(&case, None), ["ONE_SYS", "TWO_SYS"]);
    case.world.write("project/Cargo.lock", &lock(&["one-sys", "any"]));
    assert_eq!(counted(&case, Some("/nonexistent")), ["ONE_SYS"]);
}

#[test]
fn a_misspelled_attribute_in_a_computed_entry_is_told() {
    let told = |crates: &str| {
        let output = env(&project(true, crates, &["made-sys"]), None);
        assert!(!output.status.success(), "{}", common::both(&output));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    for crates in [
        "lib.genAttrs [ \"made-sys\" ] (_: { buildInput = [ ]; })",
        "{ made-sys = attrs: { buildInput = [ ]; }; }",
    ] {
        let text = told(crates);
        assert!(
            text.contains("unknown attribute `buildInput` in `crates.made-sys`"),
            "{text}"
        );
        assert!(
            text.contains("crate-env.nix:3:") && text.contains("did you mean `buildInputs`?"),
            "{text}"
        );
    }
    let text = told("lib.genAttrs [ \"made-sys\" ] (_: attrs: { env = [ ]; })");
    assert!(
        text.contains("`crates.made-sys.env` must be a set of variables"),
        "{text}"
    );
    let text = told("lib.genAttrs [ \"made-sys\" ] (_: \"text\")");
    assert!(
        text.contains("`crates.made-sys` must be a set or a function") && text.contains(":3:3"),
        "{text}"
    );
}

#[test]
fn a_computed_name_that_cargo_lock_lacks_is_told() {
    let case = project(
        true,
        "lib.genAttrs [ \"opnessl-sys\" ] (_: { })",
        &["openssl-sys"],
    );
    let output = env(&case, None);
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        text.contains(
            "`crates.opnessl-sys`: Cargo.lock has no package of this name; did you mean `openssl-sys`?"
        ),
        "{text}"
    );
}
