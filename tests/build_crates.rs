//! What `crates.<name>` of crate-env.nix gives to a package is edited in a
//! checkout that is built already: cargo asks again for what it reaches, and for
//! nothing else.

mod build_help;
mod common;

use build_help::demo::project;
use common::units::{Units, cargo_home};
use common::{both, run};
use std::path::{Path, PathBuf};

/// `cargo run` in the project's environment: what it printed, and which packages
/// cargo compiled.
fn cargo_run(units: &Units, project: &Path) -> (String, Vec<String>) {
    let output = run(units
        .world
        .cargo_nix()
        .args(["exec", "--quiet", "--", "cargo", "run"])
        .current_dir(project)
        .env("CARGO_HOME", cargo_home()));
    assert!(output.status.success(), "{}", both(&output));
    let compiled = String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("Compiling "))
        .map(|rest| rest.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    (
        String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        compiled,
    )
}

/// A project with two dependencies: the script of `demo` compiles in what it has
/// of a variable, which it does not declare; `other` has nothing to do with it.
fn made(units: &Units, name: &str) -> PathBuf {
    let script = "fn main() { println!(\"cargo:rustc-env=SAID={}\", \
                  std::env::var(\"DEMO_OWN\").unwrap_or(\"none\".into())); }";
    let lib = "pub fn said() -> &'static str { env!(\"SAID\") }";
    let project = project(units, name, lib, Some(script));
    let write = |path: &str, text: &str| units.world.write(&format!("{name}/{path}"), text);
    write(
        "vendor/other/Cargo.toml",
        "[package]\nname = \"other\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
    );
    write("vendor/other/.cargo-checksum.json", "{\"files\":{}}");
    write("vendor/other/src/lib.rs", "");
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap();
    write("Cargo.toml", &format!("{manifest}other = \"1\"\n"));
    project
}

fn set(project: &Path, crates: &str) {
    let text = format!("{{ rust }}: {{ toolchain = rust.default; {crates} }}\n");
    std::fs::write(project.join("crate-env.nix"), text).unwrap();
}

/// With `given` in crate-env.nix the program says `says`, these packages are compiled
/// anew, and then nothing.
fn assert_reached(units: &Units, project: &Path, given: &str, says: &str, packages: &[&str]) {
    set(project, given);
    let (said, mut compiled) = cargo_run(units, project);
    compiled.sort();
    assert_eq!(said, says, "{given}");
    assert_eq!(compiled, packages, "{given}");
    let (_, compiled) = cargo_run(units, project);
    assert_eq!(compiled, Vec::<String>::new(), "{given}: a second time");
}

#[test]
fn an_edit_of_crates_reaches_a_checkout_that_is_built() {
    let units = Units::new();
    let project = made(&units, "edited");
    set(&project, "");
    let (said, mut compiled) = cargo_run(&units, &project);
    compiled.sort();
    assert_eq!(said, "none");
    assert_eq!(compiled, ["demo", "edited", "other"]);

    for (crates, says) in [
        ("crates.demo.env.DEMO_OWN = \"one\";", "one"),
        ("crates.demo.env.DEMO_OWN = \"two\";", "two"),
        // Outside of the sandbox it has what the shell has.
        (
            "crates.demo = { env.DEMO_OWN = \"two\"; sandbox = false; };",
            "none",
        ),
        ("crates.demo.env.DEMO_OWN = \"one\";", "one"),
        // An entry that is gone is a change as well.
        ("", "none"),
    ] {
        assert_reached(&units, &project, crates, says, &["demo", "edited"]);
    }
}

/// What all units are given is a matter of each of them; the variable that says so
/// is not there without it, so a shell outside of the environment finds all fresh.
#[test]
fn an_edit_of_env_reaches_a_checkout_that_is_built() {
    let units = Units::new();
    let project = made(&units, "given");
    for (env, says) in [
        ("", "none"),
        ("env.DEMO_OWN = \"one\";", "one"),
        ("env.DEMO_OWN = \"two\";", "two"),
        ("", "none"),
    ] {
        assert_reached(&units, &project, env, says, &["demo", "given", "other"]);
    }
    let outside = run(units.plain_cargo(&project).arg("run"));
    let text = both(&outside);
    assert!(text.contains("none") && !text.contains("Compiling"), "{text}");
}

/// What reaches no unit has cargo ask for none.
#[test]
fn a_tool_more_has_cargo_compile_nothing() {
    let units = Units::new();
    let project = made(&units, "tools");
    set(&project, "crates.demo.env.DEMO_OWN = \"one\";");
    cargo_run(&units, &project);
    set(
        &project,
        "crates.demo.env.DEMO_OWN = \"one\"; tools = [ rust.rustfmt ];",
    );
    let (said, compiled) = cargo_run(&units, &project);
    assert_eq!(said, "one");
    assert_eq!(compiled, Vec::<String>::new());
}

#[test]
fn cargo_nix_units_of_0_leaves_cargo_alone() {
    let units = Units::new();
    let project = made(&units, "off");
    set(&project, "env.DEMO_OWN = \"one\"; crates.demo.env.A = \"1\";");
    let text = |value: &str| {
        let output = run(units
            .world
            .cargo_nix()
            .args(["env", "--quiet"])
            .env("CARGO_NIX_UNITS", value)
            .current_dir(&project));
        assert!(output.status.success(), "{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    for name in ["RUSTC_WRAPPER", "CARGO_NIX_CRATES", "CARGO_NIX_CRATE_DEMO"] {
        assert!(text("1").contains(name), "{}", text("1"));
        assert!(!text("0").contains(name), "{}", text("0"));
    }
}
