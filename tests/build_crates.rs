//! What `crates.<name>` of crate-env.nix gives to a package is edited in a
//! checkout that is built already: cargo asks again for what it reaches, and for
//! nothing else.

mod common;

use common::units::{cargo_home, know_tree};
use common::{World, both, run};
use std::path::{Path, PathBuf};

/// `cargo run` in the project's environment: what it printed, and which packages
/// cargo compiled.
fn cargo_run(world: &World, project: &Path) -> (String, Vec<String>) {
    let output = run(world
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

fn project(world: &World) -> PathBuf {
    know_tree(world);
    world.project("tests/fixtures/poison", "app")
}

fn set(project: &Path, crates: &str) {
    let text = format!("{{ rust }}: {{ toolchain = rust.default; {crates} }}\n");
    std::fs::write(project.join("crate-env.nix"), text).unwrap();
}

#[test]
fn an_edit_of_crates_reaches_a_checkout_that_is_built() {
    let world = World::new();
    let project = project(&world);
    set(&project, "");
    let (said, compiled) = cargo_run(&world, &project);
    assert!(!said.contains("crate="), "{said}");
    assert!(compiled.contains(&"base".to_owned()), "{compiled:?}");

    let reached = |compiled: &[String]| {
        let all = ["native", "top", "user", "app"];
        all.iter().all(|name| compiled.iter().any(|other| other == name))
            && !compiled.iter().any(|name| name == "base" || name == "derive")
    };
    for (crates, says) in [
        ("crates.native.env.NATIVE_CRATE = \"one\";", "crate=one"),
        ("crates.native.env.NATIVE_CRATE = \"two\";", "crate=two"),
        (
            "crates.native = { env.NATIVE_CRATE = \"two\"; sandbox = false; };",
            "",
        ),
        ("crates.native.env.NATIVE_CRATE = \"one\";", "crate=one"),
    ] {
        set(&project, crates);
        let (said, compiled) = cargo_run(&world, &project);
        assert!(said.contains(says), "{crates}: {said}");
        assert!(reached(&compiled), "{crates}: {compiled:?}");
        let (_, compiled) = cargo_run(&world, &project);
        assert_eq!(compiled, Vec::<String>::new(), "{crates}: a second time");
    }
    // An entry that is gone is a change as well.
    set(&project, "");
    let (said, compiled) = cargo_run(&world, &project);
    assert!(!said.contains("crate="), "{said}");
    assert!(reached(&compiled), "{compiled:?}");
}

/// What reaches no unit has cargo ask for none.
#[test]
fn a_tool_more_has_cargo_compile_nothing() {
    let world = World::new();
    let project = project(&world);
    set(&project, "crates.native.env.NATIVE_CRATE = \"one\";");
    cargo_run(&world, &project);
    set(
        &project,
        "crates.native.env.NATIVE_CRATE = \"one\"; tools = [ rust.rustfmt ];",
    );
    let (said, compiled) = cargo_run(&world, &project);
    assert!(said.contains("crate=one"), "{said}");
    assert_eq!(compiled, Vec::<String>::new());
}

#[test]
fn cargo_nix_units_of_0_leaves_cargo_alone() {
    let world = World::new();
    let project = project(&world);
    set(&project, "");
    let text = |value: &str| {
        let output = run(world
            .cargo_nix()
            .args(["env", "--quiet"])
            .env("CARGO_NIX_UNITS", value)
            .current_dir(&project));
        assert!(output.status.success(), "{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(text("1").contains("RUSTC_WRAPPER"), "{}", text("1"));
    assert!(!text("0").contains("RUSTC_WRAPPER"), "{}", text("0"));
}
