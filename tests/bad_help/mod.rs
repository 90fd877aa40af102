//! A small project, and what is told about it, for the tests of faults.
#![allow(dead_code)]

use crate::common::{World, both, evaluator, repository, run};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A project without a toolchain of the machine's.
pub fn project(world: &World, more: &str) -> PathBuf {
    let text = format!(
        "{{ system, ... }}:\n{{\n  toolchain = derivation {{\n    name = \"toolchain\";\n    inherit system;\n    \
         builder = \"/bin/sh\";\n    args = [ \"-c\" \"echo > $out\" ];\n  }};\n  {more}\n}}\n"
    );
    world.write("project/crate-env.nix", &text);
    world.path().join("project")
}

pub fn env(world: &World, project: &Path) -> Command {
    let mut command = world.cargo_nix();
    command.args(["env", "--print", "--quiet"]).current_dir(project);
    command
}

/// Exit code and standard error, with names instead of this test's paths.
pub fn told(world: &World, output: &Output) -> String {
    let mut text = format!(
        "exit code: {}\n{}",
        output.status.code().map_or(-1, |code| code),
        String::from_utf8_lossy(&output.stderr)
    );
    let names = [
        (world.store_dir(), "[STORE]"),
        (world.path().to_path_buf(), "[WORLD]"),
        (evaluator(), "[EVALUATOR]"),
        (repository().to_path_buf(), "[REPOSITORY]"),
    ];
    for (path, name) in names {
        text = text.replace(path.to_str().expect("UTF-8"), name);
    }
    let version = format!("version 0, not {}", cargo_nix_protocol::VERSION);
    text = text.replace(&version, "version 0, not [VERSION]");
    let hash = regex::Regex::new("[0-9a-df-np-sv-z]{32}-").expect("a pattern");
    let text = hash.replace_all(&text, "[HASH]-");
    // On PATH, or beside libnix.
    let program = regex::Regex::new("`[^`\\s]*nix-store ").expect("an expression");
    program.replace_all(&text, "`nix-store ").into_owned()
}

/// A failure: nothing on standard output.
pub fn failed(world: &World, command: &mut Command) -> String {
    let output = run(command);
    assert!(output.stdout.is_empty(), "{}", both(&output));
    assert!(!output.status.success(), "{}", both(&output));
    told(world, &output)
}
