//! What a unit has of the process that asks for it: variables of the shell, of the
//! environment, and of another cargo further up.

mod build_help;
mod common;

use build_help::demo::{clean, only_hits, project, said};
use common::units::Units;
use common::{both, run, success};
use std::path::Path;
use std::process::Command;

/// It is learned of by what rustc says without it.
#[test]
fn a_variable_that_must_be_there_to_compile() {
    let units = Units::new();
    let lib = "pub fn said() -> &'static str { env!(\"DEMO_NEEDED\") }";
    let first = project(&units, "needing", lib, None);
    for value in ["one", "two"] {
        assert_eq!(said(units.cargo(&first).env("DEMO_NEEDED", value)), value);
    }
    clean(&units, &first);
    assert_eq!(
        said(only_hits(units.cargo(&first).env("DEMO_NEEDED", "one"))),
        "one"
    );
    let without = run(units.cargo(&first).arg("build"));
    let text = both(&without);
    assert!(
        !without.status.success() && text.contains("`DEMO_NEEDED` not defined at compile time"),
        "{text}"
    );
}

/// Of packages for the members a script sees nothing; what the user says counts.
#[test]
fn where_pkg_config_looks() {
    let units = Units::new();
    units.set_environment("export PATH=/usr/bin:/bin PKG_CONFIG_PATH=/of/units");
    let script = "fn main() { println!(\"cargo:rerun-if-env-changed=PKG_CONFIG_PATH\"); \
                  println!(\"cargo:rustc-env=SAID={}\", std::env::var(\"PKG_CONFIG_PATH\").unwrap()); }";
    let project = project(
        &units,
        "looking",
        "pub fn said() -> &'static str { env!(\"SAID\") }",
        Some(script),
    );
    let with = |path: &str| {
        let mut cargo = units.cargo(&project);
        cargo.env("PKG_CONFIG_PATH", path);
        cargo
    };
    let theirs = units.world.write("theirs/demo.pc", "");
    let theirs = theirs.parent().and_then(Path::to_str).unwrap();
    // Where the environment has none it is the shell's, of before.
    assert_eq!(said(&mut with(theirs)), "/of/units");
    units.set_members("PKG_CONFIG_PATH", "/of/members");
    assert_eq!(said(&mut with("/of/members")), "/of/units");
    assert_eq!(said(&mut units.cargo(&project)), "/of/units");
    let output = run(with(theirs).arg("run"));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        theirs,
        "{}",
        both(&output)
    );
    assert_eq!(said(&mut with("/of/members")), "/of/units");
}

/// A script of a member that calls cargo leaves it its own OUT_DIR, which is nothing
/// to packages without a script.
#[test]
fn a_cargo_that_a_script_calls_has_units_of_the_store() {
    let units = Units::new();
    let lib = "pub fn said() -> &'static str { option_env!(\"OUT_DIR\").unwrap_or(\"none\") }";
    let project = project(&units, "outer", lib, None);
    let script = "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap(); \
                  let cargo = std::env::var(\"CARGO\").unwrap(); \
                  let status = std::process::Command::new(cargo) \
                      .args([\"build\", \"--manifest-path\", \"nested/Cargo.toml\", \"--target-dir\"]) \
                      .arg(format!(\"{out}/n\")).status().unwrap(); \
                  assert!(status.success()); }";
    let pure = "pub fn pure() {}";
    let manifest = "[package]\nname = \"pure\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    for (path, text) in [
        ("build.rs", script),
        ("vendor/pure/Cargo.toml", manifest),
        ("vendor/pure/.cargo-checksum.json", "{\"files\":{}}"),
        ("vendor/pure/src/lib.rs", pure),
        (
            "nested/Cargo.toml",
            "[package]\nname = \"nested\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\npure = \"1\"\n\
             [workspace]\n",
        ),
        ("nested/src/main.rs", "fn main() { pure::pure() }"),
    ] {
        units.world.write(&format!("outer/{path}"), text);
    }
    let output = run(units.cargo(&project).arg("build"));
    assert!(output.status.success(), "{}", both(&output));
    let listed = success(
        Command::new("find")
            .arg(project.join("target"))
            .args(["-name", "libpure-*.rlib"]),
    );
    let libraries: Vec<_> = listed.lines().collect();
    assert_eq!(libraries.len(), 1, "{libraries:?}");
    let target = std::fs::read_link(libraries[0]).expect("a link");
    assert!(
        target.starts_with(units.world.store_dir()),
        "{}",
        target.display()
    );
}
