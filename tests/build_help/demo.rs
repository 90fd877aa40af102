//! A project whose one dependency, `demo`, is vendored in it and made for the test.

use crate::common::units::Units;
use crate::common::{both, run};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PRINT: &str = "fn main() { println!(\"{}\", demo::said()); }";

/// A project `name` whose one dependency, `demo`, is vendored in it.
pub fn project(units: &Units, name: &str, lib: &str, script: Option<&str>) -> PathBuf {
    let project = units.project(name, "demo = \"1\"", PRINT);
    let write = |path: &str, text: &str| units.world.write(&format!("{name}/{path}"), text);
    write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n",
    );
    write(
        "vendor/demo/Cargo.toml",
        "[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
    );
    write("vendor/demo/.cargo-checksum.json", "{\"files\":{}}");
    write("vendor/demo/src/lib.rs", lib);
    if let Some(script) = script {
        write("vendor/demo/build.rs", script);
    }
    project
}

/// What the program says, built by this cargo.
pub fn said(cargo: &mut Command) -> String {
    let output = run(cargo.arg("run"));
    assert!(output.status.success(), "{}", both(&output));
    assert!(!is_local(&output, "demo"), "{}", both(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn is_local(output: &Output, what: &str) -> bool {
    stderr(output)
        .lines()
        .any(|line| line.starts_with(&format!("cargo-nix: {what}")))
}

/// Fails whatever is not in the store already.
pub fn only_hits(cargo: &mut Command) -> &mut Command {
    cargo.env("CARGO_NIX_EVAL", "/bin/false")
}

pub fn clean(units: &Units, project: &Path) {
    assert!(
        run(units.cargo(project).args(["clean", "-p", "demo"]))
            .status
            .success()
    );
}
