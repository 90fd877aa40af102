//! The main job on projects from the public crate registry: their crate-env.nix
//! is evaluated, realised, printed, and they build and run inside it.

mod common;

use common::{World, run, success};
use std::path::{Path, PathBuf};

/// Unpacks `name` `version` with cargo's own client and copies it to the world.
fn registry_project(world: &World, name: &str, version: &str) -> PathBuf {
    let cargo_home = common::target_dir().join("test-cargo-home");
    let package = format!("{name}@{version}");
    success(
        world
            .command("cargo")
            .env("CARGO_HOME", &cargo_home)
            .args(["info", "--quiet", &package]),
    );
    let sources = cargo_home.join("registry/src");
    let registries = std::fs::read_dir(&sources).expect("cargo has unpacked sources");
    let source = registries
        .flatten()
        .map(|registry| registry.path().join(format!("{name}-{version}")))
        .find(|path| path.join("Cargo.lock").exists())
        .unwrap_or_else(|| panic!("cargo has not unpacked {package} below {}", sources.display()));
    let project = world.path().join(name);
    success(world.command("cp").arg("-r").arg(&source).arg(&project));
    let environment = common::repository()
        .join("tests/projects")
        .join(name)
        .join("crate-env.nix");
    std::fs::copy(environment, project.join("crate-env.nix")).expect("its crate-env.nix");
    project
}

/// Builds it with the environment's own cargo and rustc, and runs what came out.
fn builds_and_runs(name: &str, version: &str) {
    let world = World::new();
    let project = registry_project(&world, name, version);
    let inside = |program: &str, arguments: &[&str]| {
        let mut command = world.cargo_nix();
        command
            .current_dir(&project)
            .env("CARGO_HOME", common::target_dir().join("test-cargo-home"));
        command.args(["exec", "--quiet", "--", program]).args(arguments);
        command
    };

    let printed = success(world.cargo_nix().current_dir(&project).args(["env", "--print"]));
    assert!(printed.contains("PATH="), "{printed}");

    let rustc = success(&mut inside("sh", &["-c", "command -v rustc"]));
    assert!(
        Path::new(rustc.trim()).starts_with(world.store_dir()),
        "rustc is {rustc}, not from the store"
    );

    success(&mut inside("cargo", &["build", "--locked", "--quiet"]));
    let binary = project.join("target/debug").join(name);
    let said = success(world.command(&binary).arg("--version"));
    assert!(said.contains(version), "{said}");

    let again = run(&mut inside("cargo", &["build", "--locked"]));
    let told = common::both(&again);
    assert!(
        again.status.success() && !told.contains("Compiling"),
        "the second build is a no-op: {told}"
    );
}

#[test]
fn sd_builds_in_its_environment() {
    builds_and_runs("sd", "1.0.0");
}

#[test]
fn bat_builds_in_its_environment() {
    builds_and_runs("bat", "0.25.0");
}
