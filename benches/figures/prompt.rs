//! The hook of bash, as a prompt runs it: measured inside the shell, so that
//! the shell's own part (a fork, a pipe, the evaluation) counts.

use crate::measure::Sample;
use crate::place::Place;
use std::path::Path;
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
    let output = place
        .command(Path::new("bash"))
        .env("PATH", place.path())
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
