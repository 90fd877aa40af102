//! The hook of bash, as a prompt runs it: measured inside the shell, so that
//! the shell's own part (a fork, a pipe, the evaluation) counts.

use crate::measure::Sample;
use crate::place::{Place, own_program};
use crate::report::Row;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LOOP: &str = r#"
eval "$(cargo-nix hook bash)"
cd "$1"
__cargo_nix_prompt
[ "${CARGO_NIX_STATUS-}" = "$2" ] || { echo "the status is ${CARGO_NIX_STATUS-}" >&2; exit 1; }
for ((round = 0; round < $3; round++)); do
    start=${EPOCHREALTIME/./}
    __cargo_nix_prompt
    echo $((${EPOCHREALTIME/./} - start))
done
"#;

/// A prompt in `directory`, nothing changed, `rounds` times over. `status`:
/// what `$CARGO_NIX_STATUS` must be there.
///
/// # Panics
/// If bash (5 or later) does not start, or the status is another.
pub fn prompts(place: &Place, directory: &Path, status: &str, rounds: usize) -> Sample {
    let mut bash = place.command(Path::new("bash"));
    bash.env("PATH", place.path());
    measured(bash, directory, status, rounds)
}

/// The row of a prompt where each look at a file takes 0.5 ms longer, as on a
/// network's file system. The delay is a library that is loaded before the
/// others, so the program is the one that is linked with libraries.
///
/// # Panics
/// As [`prompts`]; if there is no C compiler, or the prompts are no slower.
pub fn slow(place: &Place, directory: &Path, quick: &Sample, rounds: usize) -> Row {
    let shim = directory.with_file_name("slow_stat.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/direnv_help/slow_stat.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&shim)
        .args([source, "-ldl"])
        .status();
    assert!(compiled.expect("cc starts").success(), "{source} is compiled");
    let mut bash = place.command(Path::new("bash"));
    let programs = own_program().parent().expect("target/release");
    bash.env("LD_PRELOAD", &shim)
        .env("PATH", place.path_with(programs));
    let slow = measured(bash, directory, "ready", rounds);
    assert!(slow.median() > quick.median() + 0.5, "no look was slower");
    Row::time(
        "the same, each look at a file 0.5 ms slower, as over a network",
        Some(100.0),
        &slow,
    )
}

fn measured(mut bash: Command, directory: &Path, status: &str, rounds: usize) -> Sample {
    let output = bash
        .args(["--norc", "-c", LOOP, "bash"])
        .arg(directory)
        .args([status, &rounds.to_string()])
        .output()
        .expect("bash starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let times = text.lines().map(|line| line.parse().expect("microseconds"));
    Sample::of(times.map(Duration::from_micros).collect())
}
