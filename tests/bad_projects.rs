//! Broken projects, one directory each below `tests/bad`: `project/`, perhaps a
//! `setup.sh` for what a repository cannot hold, and `expected.txt`: the exit
//! code and all that the user is told. `SNAPSHOTS=overwrite` writes it anew.

mod common;

use common::{World, repository, run, success};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data, Redactions};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn every_broken_project_is_told_what_is_wrong_and_the_way_out() {
    let cases = cases();
    assert!(cases.len() >= 40, "only {} broken projects", cases.len());
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(panic) = std::panic::catch_unwind(|| check(case)) {
                        let told = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                        failures
                            .lock()
                            .expect("no poison")
                            .push(format!("{}:\n{told}", case.display()));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no poison");
    assert!(
        failures.is_empty(),
        "{} of {} differ:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n\n")
    );
}

fn cases() -> Vec<PathBuf> {
    let directory = repository().join("tests/bad");
    let entries = std::fs::read_dir(directory).expect("tests/bad");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    cases
}

fn check(case: &Path) {
    let world = World::new();
    let source = case.join("project");
    let project = world.path().join("project");
    success(world.command("cp").arg("-a").arg(&source).arg(&project));
    let setup = case.join("setup.sh");
    if setup.exists() {
        success(world.command("sh").arg("-eu").arg(&setup).current_dir(&project));
    }
    let output = run(world
        .cargo_nix()
        .current_dir(&project)
        .args(["env", "--print", "--quiet"]));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(stdout, "", "a failure prints nothing on standard output");
    let told = format!(
        "exit code: {}\n{}",
        output
            .status
            .code()
            .map_or("none".to_owned(), |code| code.to_string()),
        String::from_utf8_lossy(&output.stderr)
    );
    nothing_half_written(&world);
    let mut redactions = Redactions::new();
    let project = project.canonicalize().unwrap_or(project);
    redactions
        .insert("[PROJECT]", project.to_str().expect("UTF-8").to_owned())
        .expect("a redaction");
    let world_path = world.path().canonicalize().expect("the world");
    redactions
        .insert("[WORLD]", world_path.to_str().expect("UTF-8").to_owned())
        .expect("a redaction");
    redactions
        .insert("[STORE]", world.store_dir().to_str().expect("UTF-8").to_owned())
        .expect("a redaction");
    let hash = regex::Regex::new(r"\[STORE\]/(?<redacted>[0-9a-df-np-sv-z]{32})-").expect("a pattern");
    redactions.insert("[HASH]", hash).expect("a redaction");
    let expected = Data::read_from(&case.join("expected.txt"), Some(DataFormat::Text));
    Assert::new()
        .action_env("SNAPSHOTS")
        .redact_with(redactions)
        .eq(told, expected);
}

/// No slot without an environment, no temporary file, no snapshot left.
fn nothing_half_written(world: &World) {
    let cache = world.cache();
    for directory in ["slots", "snapshots"] {
        let left: Vec<PathBuf> = std::fs::read_dir(cache.join(directory))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| !path.join("slot").exists())
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}
