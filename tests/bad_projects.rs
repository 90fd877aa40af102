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
    // One look at the machine is enough for all.
    let looked = World::new();
    looked.write(
        "project/crate-env.nix",
        "{ rust, ... }: { toolchain = rust.default; }\n",
    );
    success(
        looked
            .cargo_nix()
            .args(["env", "--print", "--quiet"])
            .current_dir(looked.path().join("project")),
    );
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(panic) = std::panic::catch_unwind(|| check(case, &looked)) {
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

fn check(case: &Path, looked: &World) {
    let world = World::new();
    std::fs::create_dir_all(world.cache()).expect("the cache");
    success(
        world
            .command("cp")
            .arg("-a")
            .arg(looked.cache().join("host"))
            .arg(world.cache()),
    );
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
    assert!(!told.contains("-source/"), "names a snapshot:\n{told}");
    let expected = Data::read_from(&case.join("expected.txt"), Some(DataFormat::Text));
    Assert::new()
        .action_env("SNAPSHOTS")
        .normalize_paths(false)
        .redact_with(redactions(&world, &project))
        .eq(told, expected);
}

/// What differs from machine to machine and from run to run.
fn redactions(world: &World, project: &Path) -> Redactions {
    let mut redactions = Redactions::new();
    let places = [
        ("[PROJECT]", project.to_path_buf()),
        ("[WORLD]", world.path().to_path_buf()),
        ("[STORE]", world.store_dir()),
    ];
    for (name, path) in places {
        let path = path.canonicalize().unwrap_or(path);
        redactions
            .insert(name, path.to_str().expect("UTF-8").to_owned())
            .expect("a redaction");
    }
    let patterns = [
        // On PATH, or beside libnix.
        ("[PROGRAM]", r"`(?<redacted>[^`\s]*nix-store) --read-log"),
        ("[HASH]", r"\[STORE\]/(?<redacted>[0-9a-df-np-sv-z]{32})-"),
        (
            "[COMPONENTS]",
            r"this toolchain has: (?<redacted>.*); releases have",
        ),
        ("[TOOLCHAINS]", r"on this machine, which has: (?<redacted>.*)"),
        (
            "[TARGETS]",
            r"on this machine; toolchain \S+ has: (?<redacted>.*)",
        ),
    ];
    for (name, pattern) in patterns {
        let pattern = regex::Regex::new(pattern).expect("a pattern");
        redactions.insert(name, pattern).expect("a redaction");
    }
    redactions
}

/// No slot without an environment, no snapshot, no temporary file anywhere.
fn nothing_half_written(world: &World) {
    let cache = world.cache();
    let entries = |directory: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let mut left: Vec<PathBuf> = entries(&cache.join("slots"))
        .into_iter()
        .filter(|slot| !slot.join("slot").exists())
        .chain(entries(&cache.join("snapshots")))
        .collect();
    let mut directories = vec![cache];
    while let Some(directory) = directories.pop() {
        for path in entries(&directory) {
            let name = path.file_name().expect("a name").to_string_lossy();
            if name.starts_with(cargo_nix::sealed::TEMPORARY_PREFIX) {
                left.push(path);
            } else if path.is_dir() && !path.is_symlink() {
                directories.push(path);
            }
        }
    }
    assert!(left.is_empty(), "left behind: {left:?}");
}
