//! The examples through the whole program: `cargo-nix exec -- cargo run`, the
//! dependencies from the store, and again in another checkout.

mod common;

use common::units::{cargo_home, know_tree};
use common::{World, both, run};
use std::path::Path;
use std::process::{Command, Output};

fn cargo_run(world: &World, project: &Path, argument: &str) -> Command {
    let mut command = world.cargo_nix();
    command
        .args(["exec", "--quiet", "--project"])
        .arg(project)
        .args(["--", "cargo", "run", "--locked", "--", argument])
        .current_dir(project)
        .env("CARGO_HOME", cargo_home())
        .env("CARGO_NIX_DEBUG", "1");
    command
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", both(output));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let local = |line: &&str| line.starts_with("cargo-nix: ") && !line.contains("member of the workspace");
    assert_eq!(stderr.lines().find(local), None, "{stderr}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn built_twice(example: &str, argument: &str, expected: impl Fn(&str) -> bool) {
    let world = World::new();
    know_tree(&world);
    for (checkout, evaluator) in [("first", None), ("second", Some("/bin/false"))] {
        let project = world.project(&format!("examples/{example}"), checkout);
        // The environment itself may need the evaluator.
        common::success(world.cargo_nix().args(["env", "--project"]).arg(&project));
        let mut command = cargo_run(&world, &project, argument);
        if let Some(evaluator) = evaluator {
            command.env("CARGO_NIX_EVAL", evaluator);
        }
        let said = stdout(&run(&mut command));
        assert!(expected(&said), "{checkout}: {said}");
    }
}

#[test]
fn pure() {
    built_twice("pure", "abc", |said| said == r#"[{"length":"3","text":"abc"}]"#);
}

#[test]
fn bundled_c() {
    built_twice("bundled-c", "hello", |said| {
        said.starts_with("zlib 1.") && said.ends_with("3610a686")
    });
}

#[test]
fn openssl() {
    built_twice("openssl", "hello", |said| said.starts_with("2cf24dba"));
}
