//! What people do with cargo in a day, with dependencies from the store: each
//! next build is right, and needs no `cargo clean`.

mod common;

use common::units::{Units, remove_target};
use common::{World, both, interruptible, mounted, read_only, run, success};
use rustix::process::{Pid, Signal, kill_process_group};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const DEPENDENCIES: &str =
    "anyhow = \"=1.0.86\"\nserde = { version = \"=1.0.203\", features = [\"derive\"] }";
const MAIN: &str = "#[derive(serde::Serialize)] struct S { a: u8 }\n\
                    fn main() -> anyhow::Result<()> { let s = S { a: 1 }; println!(\"{}\", s.a); Ok(()) }";

fn succeeded(command: &mut Command) -> Output {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}", both(&output));
    output
}

/// Nothing but the project's own units is local.
fn assert_store_backed(output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let foreign =
        |line: &&str| line.starts_with("cargo-nix: ") && !line.contains("a member of the workspace");
    assert_eq!(stderr.lines().find(foreign), None, "{stderr}");
}

/// What `cargo run` prints; nothing but the project itself is local.
fn said(units: &Units, project: &Path) -> String {
    let output = succeeded(units.cargo(project).arg("run"));
    assert_store_backed(&output);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn assert_fresh(units: &Units, project: &Path) {
    let output = succeeded(units.cargo(project).arg("build"));
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("Compiling"),
        "{}",
        both(&output)
    );
}

/// Ctrl-C, or worse, at any point: what was half-placed is placed again.
#[test]
fn a_build_that_is_interrupted_goes_on() {
    let units = Units::over(World::with_own_store());
    let project = units.project("interrupted", DEPENDENCIES, MAIN);
    let moments = [60, 250, 500, 900, 1500, 2500];
    for (at, moment) in moments.into_iter().enumerate() {
        let mut child = interruptible(units.cargo(&project).arg("build"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("cargo starts");
        std::thread::sleep(Duration::from_millis(moment));
        let signal = [Signal::INT, Signal::KILL][at % 2];
        // It may have ended already.
        let _ = kill_process_group(Pid::from_child(&child), signal);
        child.wait().expect("cargo ends");
    }
    assert_eq!(said(&units, &project), "1");
    assert_fresh(&units, &project);
}

/// Nobody can serve there, and nobody waits for that.
#[test]
fn a_cache_that_cannot_be_written_makes_units_local() {
    let units = Units::over(World::with_own_store());
    let project = units.project("read-only", DEPENDENCIES, MAIN);
    let cache = units.world.cache();
    std::fs::create_dir_all(cache.join("units/service")).unwrap();
    let mut cargo = units.cargo(&project);
    cargo.env_remove("CARGO_NIX_DEBUG").args(["run", "--quiet"]);
    let began = std::time::Instant::now();
    let output = run(&mut mounted(&read_only(&cache), &cargo));
    assert!(output.status.success(), "{}", both(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "1");
    // Each would wait for ten seconds, three times.
    assert!(began.elapsed() < Duration::from_secs(150), "{}", both(&output));
}

/// Two projects that want the same units at the same moment, and two cargos in
/// one target directory.
#[test]
fn several_cargos_at_once() {
    let units = Units::over(World::with_own_store());
    let projects = ["left", "right"].map(|name| units.project(name, DEPENDENCIES, MAIN));
    let start = |project: &Path| {
        let mut cargo = units.cargo(project);
        cargo.arg("build").stdout(Stdio::piped()).stderr(Stdio::piped());
        cargo.spawn().expect("cargo starts")
    };
    let children: Vec<_> = projects
        .iter()
        .chain(&projects)
        .map(|project| start(project))
        .collect();
    for child in children {
        let output = child.wait_with_output().expect("cargo ends");
        assert!(output.status.success(), "{}", both(&output));
    }
    for project in &projects {
        assert_eq!(said(&units, project), "1");
        assert_fresh(&units, project);
    }
}

#[test]
fn dependencies_are_added_and_updated() {
    let units = Units::new();
    let project = units.project("grown", "", "fn main() { println!(\"none\"); }");
    assert_eq!(said(&units, &project), "none");
    succeeded(units.cargo(&project).args(["add", "itoa@=1.0.10", "--quiet"]));
    let main = "fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }";
    std::fs::write(project.join("src/main.rs"), main).unwrap();
    assert_eq!(said(&units, &project), "42");
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap();
    std::fs::write(project.join("Cargo.toml"), manifest.replace("=1.0.10", "1.0.10")).unwrap();
    succeeded(
        units
            .cargo(&project)
            .args(["update", "itoa", "--precise", "1.0.11", "--quiet"]),
    );
    assert_eq!(said(&units, &project), "42");
    let rlibs = std::fs::read_dir(project.join("target/debug/deps")).unwrap();
    let versions = rlibs.filter_map(|entry| {
        let target = std::fs::read_link(entry.unwrap().path()).ok()?;
        Some(target.to_string_lossy().contains("itoa-1.0.11"))
    });
    assert!(
        versions.into_iter().any(|is_new| is_new),
        "1.0.11 is from the store"
    );
    assert_fresh(&units, &project);
}

/// A branch with another version of a dependency, and back: all hits.
#[test]
fn branches_are_switched() {
    let units = Units::new();
    let main = "fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }";
    let project = units.project("branches", "itoa = \"=1.0.10\"", main);
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap();
    let branch = |version: &str| {
        std::fs::write(project.join("Cargo.toml"), manifest.replace("1.0.10", version)).unwrap();
        let _ = std::fs::remove_file(project.join("Cargo.lock"));
    };
    for version in ["1.0.10", "1.0.11"] {
        branch(version);
        assert_eq!(said(&units, &project), "42");
    }
    remove_target(&project);
    for version in ["1.0.10", "1.0.11", "1.0.10"] {
        branch(version);
        let mut cargo = units.cargo(&project);
        let output = succeeded(cargo.arg("build").env("CARGO_NIX_EVAL", "/bin/false"));
        assert_store_backed(&output);
    }
}

/// clippy checks members; what they depend on is what `cargo check` left.
#[test]
fn clippy_takes_the_units_of_check() {
    let units = Units::new();
    let checked = units.project("checked", DEPENDENCIES, MAIN);
    succeeded(units.cargo(&checked).arg("check"));
    let linted = units.project("linted", DEPENDENCIES, MAIN);
    let mut clippy = units.cargo(&linted);
    assert_store_backed(&succeeded(
        clippy.arg("clippy").env("CARGO_NIX_EVAL", "/bin/false"),
    ));
    // And it is noted as what it was.
    let told = success(units.world.cargo_nix().args(["stats", "--last", "1", "--json"]));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let build = &told["builds"][0];
    assert_eq!(build["sums"]["members"], 1, "{told:#}");
    let command = build["command"].as_array().unwrap();
    assert_eq!(command[1..], ["clippy"], "{told:#}");
}
