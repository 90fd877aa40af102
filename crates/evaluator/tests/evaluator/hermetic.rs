//! Nothing but the snapshot and the library can be read; the message names the
//! line and the way out.

use crate::world::{World, events, line};
use cargo_nix_protocol::{Ask, Event, Settings};

/// Refused, with the place `crate-env.nix:2` and a hint; all of it golden.
fn refused(name: &str, expression: &str) {
    let world = World::new();
    let failure = world.env(&format!("{{ ... }}: {{\n  text = {expression};\n}}\n"));
    let failure = failure.expect_err("an escape");
    let text = world.stable(&serde_json::to_string_pretty(&failure).expect("JSON"));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("hermetic-{name}"), without_trace(&text));
    });
}

/// The trace differs from release to release.
pub fn without_trace(failure: &str) -> String {
    failure
        .lines()
        .filter(|line| !line.starts_with("  \"trace\""))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn an_absolute_path() {
    refused("absolute", "builtins.readFile /etc/passwd");
}

#[test]
fn an_absolute_path_built_at_run_time() {
    refused("run-time", "builtins.readFile (\"/etc\" + \"/passwd\")");
}

#[test]
fn out_of_the_root() {
    refused("out-of-root", "builtins.readFile ../outside.txt");
}

#[test]
fn far_out_of_the_root() {
    refused(
        "far-out",
        &format!("builtins.readFile {}etc/passwd", "../".repeat(30)),
    );
}

#[test]
fn a_file_that_is_not_part_of_the_inputs() {
    refused("not-an-input", "builtins.readFile ./not-there.txt");
}

#[test]
fn a_lookup_path() {
    refused("lookup-path", "toString <nixpkgs>");
}

#[test]
fn an_unlocked_tarball() {
    refused(
        "fetch-tarball",
        "builtins.fetchTarball \"https://example.org/x.tar.gz\"",
    );
}

#[test]
fn an_unlocked_flake() {
    refused(
        "get-flake",
        "(builtins.getFlake \"github:NixOS/nixpkgs\").outPath",
    );
}

#[test]
fn an_unlocked_tree() {
    refused(
        "fetch-tree",
        "(builtins.fetchTree \"github:NixOS/nixpkgs\").outPath",
    );
}

#[test]
fn an_unlocked_git() {
    refused(
        "fetch-git",
        "(builtins.fetchGit \"https://example.org/x.git\").outPath",
    );
}

#[test]
fn the_name_of_the_machine() {
    refused("current-system", "builtins.currentSystem");
}

#[test]
fn the_time() {
    refused("current-time", "toString builtins.currentTime");
}

#[test]
fn a_store_path_out_of_the_blue() {
    refused("store-path", "builtins.storePath /etc");
}

/// Pure evaluation gives "" here without a word; src/inputs refuses the name.
#[test]
fn a_variable_is_empty() {
    let world = World::new();
    let answer = world
        .env("{ ... }: { text = builtins.getEnv \"HOME\"; }")
        .expect("an environment");
    assert_eq!(answer.dump, "");
}

/// A symlink in the snapshot that leads out of it.
#[test]
fn a_symlink_out_of_the_set() {
    let world = World::new();
    world.write("project/empty", "");
    std::os::unix::fs::symlink("/etc/passwd", world.path("project/link")).expect("a link");
    let failure = world
        .env("{ ... }: {\n  text = builtins.readFile ./link;\n}\n")
        .expect_err("an escape");
    let text = world.stable(&serde_json::to_string_pretty(&failure).expect("JSON"));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("hermetic-symlink", without_trace(&text));
    });
}

/// A NIX_CONFIG of the user's counts, but not against purity.
#[test]
fn a_configuration_of_the_users_does_not_open_it() {
    let world = World::new();
    world.write(
        "project/crate-env.nix",
        "{ ... }: { text = builtins.readFile /etc/passwd; }",
    );
    let request = world.write("request", &line(Settings::default(), Ask::Env(world.env_ask())));
    let mut command = world.command(env!("CARGO_BIN_EXE_cargo-nix-eval"));
    command.env(
        "NIX_CONFIG",
        "substituters =\npure-eval = false\nrestrict-eval = false",
    );
    let output = command
        .stdin(std::fs::File::open(request).expect("the request"))
        .output()
        .expect("it starts");
    let Some(Event::Failure(failure)) = events(&output).pop() else {
        panic!("it was read")
    };
    assert!(
        failure.message.contains("forbidden in pure eval"),
        "{}",
        failure.message
    );
}
