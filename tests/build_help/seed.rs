//! Projects whose builds have left a seed, and what cargo tells of the next ones.

use super::super::common::units::{Units, remove_target};
use super::super::common::{both, run, success};
use super::{await_seeds, build, checkout};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const DEPENDENCIES: &str =
    "anyhow = \"=1.0.86\"\nserde = { version = \"=1.0.203\", features = [\"derive\"] }";
pub const MAIN: &str = "#[derive(serde::Serialize)] struct S { a: u8 }\n\
                    fn main() -> anyhow::Result<()> { let s = S { a: 1 }; println!(\"{}\", s.a); Ok(()) }";
pub const PACKAGES: [&str; 7] = [
    "anyhow",
    "proc-macro2",
    "quote",
    "serde",
    "serde_derive",
    "syn",
    "unicode-ident",
];

/// A world with a project with crates of the registry, and that.
pub fn unbuilt() -> (Units, PathBuf) {
    let units = Units::new();
    let first = units.project("app", DEPENDENCIES, MAIN);
    success(units.cargo(&first).args(["generate-lockfile"]));
    (units, first)
}

/// A world in which the build of a project with crates of the registry has left a
/// seed, and the project.
pub fn seeded() -> (Units, PathBuf) {
    let (units, first) = unbuilt();
    build(&units, units.cargo(&first).arg("build")).assert_store_backed("app", "at first");
    await_seeds(&units, 1);
    (units, first)
}

/// The same project elsewhere, as it would be checked out.
pub fn another(units: &Units, first: &Path, name: &str) -> PathBuf {
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
        let text = std::fs::read_to_string(first.join(file)).unwrap();
        units.world.write(&format!("{name}/{file}"), &text);
    }
    units.world.path().join(name)
}

/// A world in which a project with vendored packages was built, and has left a seed;
/// of use only where it was.
pub fn seeded_in_place() -> (Units, PathBuf) {
    let units = Units::new();
    let project = checkout(&units, "app");
    success(units.cargo(&project).args(["generate-lockfile"]));
    build(&units, units.cargo(&project).arg("build")).assert_store_backed("app", "at first");
    await_seeds(&units, 1);
    remove_target(&project);
    (units, project)
}

/// What cargo says that it compiled, and what it found fresh; it has started nothing
/// but what is of the project itself.
pub fn told(cargo: &mut Command) -> Told {
    let (told, started) = told_with(cargo);
    for line in started {
        assert!(
            line.contains("--crate-name app ") || line.contains("target/debug/app"),
            "cargo starts {line}"
        );
    }
    told
}

/// The same, whatever it has started.
pub fn told_all(cargo: &mut Command) -> Told {
    told_with(cargo).0
}

pub type Configure = fn(&mut Command);
pub type Told = (Vec<String>, Vec<String>);

pub fn told_with(cargo: &mut Command) -> (Told, Vec<String>) {
    let output = run(cargo.arg("-v"));
    assert!(output.status.success(), "{}", both(&output));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let of = |verb: &str| {
        let lines = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix(verb));
        let mut names: Vec<String> = lines
            .map(|rest| rest.trim_start().split(' ').next().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        names
    };
    let started = text.lines().filter(|line| line.contains("Running `"));
    (
        (of("Compiling "), of("Fresh ")),
        started.map(str::to_owned).collect(),
    )
}

pub fn program(project: &Path) -> Vec<u8> {
    std::fs::read(project.join("target/debug/app")).unwrap()
}

/// Whether the target directory's units were laid: they are all of one instant.
pub fn is_laid(project: &Path) -> bool {
    let notes = std::fs::read_dir(project.join("target/debug/.fingerprint")).unwrap();
    let times: Vec<_> = notes
        .map(|entry| entry.unwrap().path())
        .filter(|dir| !dir.file_name().unwrap().to_string_lossy().starts_with("app-"))
        .flat_map(|dir| std::fs::read_dir(dir).unwrap())
        .map(|file| file.unwrap().metadata().unwrap().modified().unwrap())
        .collect();
    times.len() > 20 && times.iter().all(|time| *time == times[0])
}

/// What the program says that this cargo builds.
pub fn said(units: &Units, cargo: &mut Command) -> String {
    build(units, cargo);
    let directory = cargo.get_current_dir().unwrap().to_path_buf();
    success(&mut Command::new(directory.join("target/debug/app")))
}
