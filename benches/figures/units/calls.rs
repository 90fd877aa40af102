//! The wrapper alone: cargo's own calls of it in a build of `bat`, recorded by a
//! wrapper of the bench's and made again one by one.

use super::project::{Project, World, succeed, timed};
use crate::measure::{Candidate, Sample, interleaved};
use crate::report::Row;
use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How often each call is made for a hit.
const HIT_ROUNDS: usize = 5;
/// How many of the small units are built for a miss.
const MISSES: usize = 20;

/// A call of the wrapper: words and variables.
struct Call {
    words: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    directory: PathBuf,
}

/// The rows of hits and misses.
pub fn rows(world: &World, project: &Project) -> Vec<Row> {
    let calls = record(world, project);
    eprintln!(
        "bench: {} calls of the wrapper, {HIT_ROUNDS} rounds of hits",
        calls.len()
    );
    let mut candidates: Vec<Candidate> = calls
        .iter()
        .map(|call| Candidate {
            command: call.command(&[]),
            stdin: None,
        })
        .collect();
    let samples = interleaved(HIT_ROUNDS, &mut candidates);
    let peak = samples.iter().map(Sample::peak_bytes).max().unwrap_or(0);
    let medians = samples.iter().map(|sample| sample.median());
    let hit = Sample::of(
        medians
            .map(|ms| std::time::Duration::from_secs_f64(ms / 1e3))
            .collect(),
    );
    vec![
        Row::time(
            "the wrapper on a hit, whole process, median of all units of `bat`",
            Some(2.5),
            &hit,
        ),
        Row::megabytes("peak memory of the wrapper on a hit", 10.0, peak),
        miss(&calls),
    ]
}

/// What a miss takes beyond rustc, by the units that rustc is quickest with: the
/// same call for a package that is described in other words is another unit.
fn miss(calls: &[Call]) -> Row {
    let scratch = tempfile::tempdir().expect("a directory");
    let rustc = |call: &Call| {
        let mut words = call.words[1..].to_vec();
        let at = words
            .iter()
            .position(|word| word == "--out-dir")
            .expect("an --out-dir");
        words[at + 1] = scratch.path().into();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .envs(call.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&call.directory);
        timed(&mut command).0
    };
    let mut quick: Vec<(std::time::Duration, &Call)> = calls.iter().map(|call| (rustc(call), call)).collect();
    quick.sort_by_key(|(time, _)| *time);
    quick.truncate(MISSES);
    eprintln!("bench: {MISSES} misses");
    // The first brings the build service.
    quick[0].1.built_anew(0);
    let mut beyond = Vec::new();
    for round in 1..4 {
        for (_, call) in &quick {
            let by_rustc = rustc(call);
            beyond.push(call.built_anew(round).saturating_sub(by_rustc));
        }
    }
    // The outputs of the project's own units are as cargo left them.
    for (_, call) in &quick {
        succeed(&mut call.command(&[]));
    }
    Row::time("a miss, beyond rustc's own time", Some(25.0), &Sample::of(beyond))
}

impl Call {
    fn command(&self, more: &[(&str, String)]) -> Command {
        let mut command = Command::new(&self.words[0]);
        command
            .args(&self.words[1..])
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.directory);
        command
    }

    fn built_anew(&self, round: u32) -> std::time::Duration {
        let words = format!("round {round} of process {}", std::process::id());
        timed(&mut self.command(&[("CARGO_PKG_DESCRIPTION", words)])).0
    }
}

/// Cargo's calls for libraries of dependencies, in a fresh checkout.
fn record(world: &World, project: &Project) -> Vec<Call> {
    let checkout = project.checkout("recorded");
    let to = world.path().join("calls");
    std::fs::create_dir(&to).expect("a directory");
    let recorder = world.path().join("recorder/cargo-nix-rustc");
    std::fs::create_dir(recorder.parent().expect("a parent")).expect("a directory");
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in\n*' --crate-type lib '*' --cap-lints '*)\n    \
         at=$(mktemp -d '{}/XXXXXX')\n    pwd >\"$at/directory\"\n    env -0 >\"$at/variables\"\n    \
         printf '%s\\0' \"$CARGO_NIX_BENCH_WRAPPER\" \"$@\" >\"$at/words\"\n    ;;\nesac\n\
         exec \"$CARGO_NIX_BENCH_WRAPPER\" \"$@\"\n",
        to.display()
    );
    std::fs::write(&recorder, script).expect("a script");
    std::fs::set_permissions(&recorder, Permissions::from_mode(0o755)).expect("it becomes executable");
    succeed(&mut world.wrapped(&checkout, &recorder, &[]));
    let entries = std::fs::read_dir(&to).expect("the calls").flatten();
    let calls: Vec<Call> = entries.map(|entry| read(&entry.path())).collect();
    assert!(calls.len() > 50, "{} calls were recorded", calls.len());
    calls
}

fn read(directory: &Path) -> Call {
    let words = |name: &str| -> Vec<OsString> {
        let bytes = std::fs::read(directory.join(name)).expect("a record");
        let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        words.map(|word| OsString::from_vec(word.to_vec())).collect()
    };
    let variables = words("variables").into_iter().filter_map(|pair| {
        let pair = pair.into_vec();
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((
            OsString::from_vec(pair[..at].to_vec()),
            OsString::from_vec(pair[at + 1..].to_vec()),
        ))
    });
    let at = std::fs::read_to_string(directory.join("directory")).expect("a record");
    Call {
        words: words("words"),
        variables: variables.collect(),
        directory: at.trim_end().into(),
    }
}
