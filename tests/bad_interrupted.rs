//! Who is killed in the middle, and files that came to harm: the next one works.

mod bad_help;
mod common;

use bad_help::{env, project, told};
use common::{World, both, evaluator, run, success};
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Processes with `word` in their command line.
fn processes(word: &str) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(word))
    })
    .collect()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came about: {what}");
}

fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

#[test]
fn an_evaluator_that_is_killed_in_the_middle_of_a_build() {
    let world = World::with_own_store();
    let word = format!("slow-{}", std::process::id());
    let slow = format!(
        "buildInputs = [ (derivation {{ name = \"slow\"; inherit system; builder = \"/bin/sh\"; args = [ \"-c\" \
         \": {word}; ( kill -STOP $BASHPID ) | read -t 20 x; echo > $out\" ]; }}) ];"
    );
    let directory = project(&world, &slow);
    let pid = world.path().join("pid");
    let program = world.script(
        "evaluator",
        &format!("echo $$ > '{}'; exec '{}'", pid.display(), evaluator().display()),
    );
    let child = start(env(&world, &directory).env("CARGO_NIX_EVAL", program));
    until("the build", || !processes(&word).is_empty());
    let pid = std::fs::read_to_string(pid).expect("the evaluator's");
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().expect("a number")).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("SIGKILL");
    let output = child.wait_with_output().expect("its output");
    assert!(output.stdout.is_empty(), "{}", both(&output));
    let text = told(&world, &output);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("  | ")).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let slots = std::fs::read_dir(world.cache().join("slots"))
        .into_iter()
        .flatten();
    assert_eq!(slots.count(), 0, "a slot without an environment");
    let snapshots = std::fs::read_dir(world.cache().join("snapshots")).expect("snapshots");
    assert_eq!(snapshots.count(), 0, "a snapshot of nobody");
    // The same store, the same project without the slow part.
    project(&world, "env.A = \"after\";");
    let after = success(&mut env(&world, &directory));
    assert!(after.contains("export A='after';"), "{after}");
}

#[test]
fn cargo_nix_that_is_killed_at_any_instant() {
    let world = World::with_own_store();
    let directory = project(&world, "env.A = \"0\";");
    success(&mut env(&world, &directory));
    for (number, delay) in [1, 5, 10, 20, 40, 60, 80, 120, 160, 240, 320, 480]
        .iter()
        .enumerate()
    {
        project(&world, &format!("env.A = \"{number} {delay}\";"));
        let mut child = start(&mut env(&world, &directory));
        std::thread::sleep(Duration::from_millis(*delay));
        child.kill().expect("SIGKILL");
        let output = child.wait_with_output().expect("its end");
        assert!(
            output.status.success() || output.status.signal() == Some(9),
            "{}",
            both(&output)
        );
        let text = success(&mut env(&world, &directory));
        assert!(text.contains(&format!("export A='{number} {delay}';")), "{text}");
    }
    for slot in std::fs::read_dir(world.cache().join("slots")).expect("slots") {
        let slot = slot.expect("a slot").path();
        assert!(
            slot.join("slot").exists() && slot.join("env").exists(),
            "{slot:?}"
        );
    }
}

/// All files below `directory`, links not followed.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_of_the_cache_may_be_damaged() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let expected = success(&mut env(&world, &project));
    // What is evaluated without a cache leaves cargo alone.
    let alone = success(env(&world, &project).env("CARGO_NIX_UNITS", "0"));
    let is_library = |path: &Path| path.starts_with(world.cache().join("library"));
    // One file stands for all of the library, and needs a miss to be read.
    let entries: Vec<PathBuf> = files(&world.cache())
        .into_iter()
        .filter(|path| !is_library(path) || path.file_name() == Some(OsStr::new("entry.nix")))
        .collect();
    assert!(entries.len() >= 8, "{entries:?}");
    for path in &entries {
        for damage in ["deleted", "cut", "noise", "a directory"] {
            if is_library(path) {
                std::fs::remove_dir_all(world.cache().join("slots")).expect("a miss");
            }
            let bytes = std::fs::read(path).unwrap_or_default();
            let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir_all(path));
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            match damage {
                "cut" => std::fs::write(path, &bytes[..bytes.len() / 2]).expect("damage"),
                "noise" => std::fs::write(path, [0xa5; 777]).expect("damage"),
                "a directory" => std::fs::create_dir(path).expect("damage"),
                _ => {}
            }
            let output = run(&mut env(&world, &project));
            assert!(output.status.success(), "{path:?} {damage}: {}", both(&output));
            let stdout = String::from_utf8_lossy(&output.stdout);
            let without = String::from_utf8_lossy(&output.stderr).contains("cannot be written");
            let expected = if without { &alone } else { &expected };
            assert_eq!(stdout, *expected, "{path:?} {damage}: {}", both(&output));
            if damage != "a directory" {
                assert!(output.stderr.is_empty(), "{path:?} {damage}: {}", both(&output));
            }
            if path.is_dir() {
                std::fs::remove_dir_all(path).expect("the test's own damage");
                success(&mut env(&world, &project));
            }
        }
    }
    std::fs::remove_dir_all(world.cache()).expect("all of it");
    assert_eq!(success(&mut env(&world, &project)), expected);
}
