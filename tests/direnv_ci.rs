//! The examples for CI, as a runner would run them: their shell steps, with
//! its variables.

mod common;

use common::{World, both, repository, run, success};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The text of an example.
fn example(name: &str) -> String {
    std::fs::read_to_string(repository().join("examples/ci").join(name)).expect("the example")
}

/// A project without dependencies whose test asks for a variable of crate-env.nix.
fn project(world: &World) -> PathBuf {
    world.write(
        "project/crate-env.nix",
        "{ rust }:\n{ toolchain = rust.default; env.GREETING = \"hello\\nci\"; }\n",
    );
    world.write(
        "project/Cargo.toml",
        "[package]\nname = \"greeting\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    world.write(
        "project/Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"greeting\"\nversion = \"0.1.0\"\n",
    );
    world.write(
        "project/src/main.rs",
        "fn main() {}\n#[test]\nfn greets() { assert_eq!(env!(\"GREETING\"), \"hello\\nci\"); }\n",
    );
    world.path().join("project")
}

/// A step of a runner: cargo-nix on PATH, no Rust of its own there.
fn step(world: &World, shell: &[&str], script: &str) -> Command {
    let bin = Path::new(env!("CARGO_BIN_EXE_cargo-nix"))
        .parent()
        .expect("target/debug");
    let mut command = world.command(shell[0]);
    command
        .args(&shell[1..])
        .arg(script)
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("CI", "true")
        .current_dir(world.path().join("project"));
    command
}

/// What stands after `run:` in the steps, in order.
fn steps(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix("run: "))
        .map(str::to_owned)
        .collect()
}

/// The entries of the list below `key:`.
fn list(text: &str, key: &str) -> Vec<String> {
    text.lines()
        .skip_while(|line| line.trim() != format!("{key}:"))
        .skip(1)
        .map_while(|line| line.trim_start().strip_prefix("- "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_plain_script_builds_and_tests() {
    let world = World::new();
    project(&world);
    let output = run(&mut step(&world, &["sh", "-c"], &example("plain.sh")));
    assert!(output.status.success(), "{}", both(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("test greets ... ok"));
}

#[test]
fn the_workflow_of_github_builds_and_tests() {
    let world = World::new();
    project(&world);
    let (env, path) = (world.write("github-env", ""), world.write("github-path", ""));
    let mut steps = steps(&example("github-actions.yml"));
    assert_eq!(steps.len(), 4, "{steps:?}");
    // It fetches cargo-nix itself, as the README says; here that is there.
    let install = steps.remove(0);
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README");
    assert!(readme.contains(&format!("\n{install} ")), "{install}");
    for (index, script) in steps.iter().enumerate() {
        // As the runner does between steps: the file of paths, the last line
        // first; of the other file, `NAME<<MARK … MARK`.
        let mut command = step(&world, &["bash", "-e", "-c"], script);
        command.env("GITHUB_ENV", &env).env("GITHUB_PATH", &path);
        if index > 0 {
            let text = std::fs::read_to_string(&path).expect("paths");
            let mut paths: Vec<&str> = text.lines().rev().collect();
            paths.push("/usr/bin:/bin");
            command.env("PATH", paths.join(":"));
            for (name, value) in here_documents(&std::fs::read_to_string(&env).expect("variables")) {
                command.env(name, value);
            }
        }
        let output = run(&mut command);
        assert!(output.status.success(), "{script}: {}", both(&output));
    }
}

fn here_documents(text: &str) -> Vec<(String, String)> {
    let (mut found, mut lines) = (Vec::new(), text.lines());
    while let Some((name, mark)) = lines.next().and_then(|line| line.split_once("<<")) {
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != mark).collect();
        found.push((name.to_owned(), value.join("\n")));
    }
    found
}

#[test]
fn the_job_of_gitlab_builds_and_tests() {
    let world = World::new();
    let project = project(&world);
    let text = example("gitlab-ci.yml");
    assert!(text.contains("\n  image: "), "{text}");
    let mut script = [list(&text, "before_script"), list(&text, "script")].concat();
    assert_eq!(script.len(), 5, "{script:?}");
    // As on GitHub's runners.
    assert_eq!(script.remove(0), steps(&example("github-actions.yml"))[0]);
    // The runner's shell ends at the first line that fails.
    let mut command = step(&world, &["bash", "-eo", "pipefail", "-c"], &script.join("\n"));
    command
        .env("CI_PROJECT_DIR", &project)
        .env("XDG_CACHE_HOME", project.join(".cache"));
    let output = run(&mut command);
    assert!(output.status.success(), "{}", both(&output));
    assert!(project.join(".cache/cargo-nix/slots").exists());
}

#[test]
fn a_container_without_home_gets_its_environment() {
    let world = World::new();
    project(&world);
    // What a fresh container has in that place: nothing.
    let empty = world.path().join("empty");
    std::fs::create_dir(&empty).expect("a directory");
    let script = "place=/tmp/cargo-nix-$(id -u); mkdir -p -m 700 \"$place\"; chmod 700 \"$1\"
                  mount --bind \"$1\" \"$place\" && exec cargo-nix env --print";
    let mut command = step(&world, &["unshare", "-m", "sh", "-c"], script);
    command.arg("sh").arg(&empty).env_remove("HOME");
    let output = run(&mut command);
    assert!(output.status.success(), "{}", both(&output));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(out.contains("export GREETING='hello\nci';"), "{}", both(&output));
    let note = "note: neither XDG_CACHE_HOME nor HOME is set: the cache is /tmp/cargo-nix-";
    assert_eq!(err.matches(note).count(), 1, "{err}");
    assert!(empty.join("slots").exists());
}

#[test]
fn a_step_that_fails_ends_the_script() {
    let world = World::new();
    project(&world);
    world.write("project/crate-env.nix", "{ rust }: throw \"no such luck\"\n");
    let output = run(&mut step(&world, &["sh", "-c"], &example("plain.sh")));
    assert_eq!(output.status.code(), Some(4), "{}", both(&output));
    assert!(!world.path().join("project/target").exists());
    success(
        world
            .command("sh")
            .args(["-n"])
            .arg(repository().join("examples/ci/plain.sh")),
    );
}

#[test]
fn without_home_the_variable_that_is_wanted_is_named() {
    let world = World::new();
    world.write("project/crate-env.nix", "{ }: { }\n");
    for (words, named) in [
        (&["allow", "project"][..], "neither XDG_DATA_HOME nor HOME is set"),
        (&["deny", "project"], "neither XDG_DATA_HOME nor HOME is set"),
        (
            &["direnv", "install"],
            "none of DIRENV_CONFIG, XDG_CONFIG_HOME and HOME is set",
        ),
    ] {
        let mut command = world.cargo_nix();
        let cache = world.path().join("cache");
        let output = run(command
            .args(words)
            .env_remove("HOME")
            .env("XDG_CACHE_HOME", cache));
        assert_eq!(output.status.code(), Some(7), "{}", both(&output));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(named),
            "{}",
            both(&output)
        );
    }
}
