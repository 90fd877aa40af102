//! What a prompt starts. A process that was forked and has ended leaves its page
//! faults with its parent (`cminflt`, proc(5)): where they did not change,
//! nothing was started, not even a fork of the shell's own.

use crate::place::Place;
use crate::report::Row;
use std::path::Path;

const LOOP: &str = r#"
eval "$(cargo-nix hook bash)"
faults() {
    local line
    read -r line </proc/self/stat
    set -f
    set -- ${line##*) }
    set +f
    faults=$9
}
count() {
    cd "$1"
    __cargo_nix_prompt
    count=0
    for ((round = 0; round < $2; round++)); do
        faults
        before=$faults
        __cargo_nix_prompt
        faults
        ((before == faults)) || ((++count))
    done
    echo "$count"
}
count "$1" "$3"
count "$2" "$3"
"#;

/// The row of a prompt outside every project, the directory as before; of
/// `rounds` prompts, how many started a process. `project`: one that is allowed,
/// to show that a process would be seen.
///
/// # Panics
/// If bash does not start, or no process is seen inside the project.
pub fn row(place: &Place, project: &Path, rounds: usize) -> Row {
    let output = place
        .command(Path::new("bash"))
        .env("PATH", place.path())
        .args(["--norc", "-c", LOOP, "bash"])
        .arg(project)
        .args(["/", &rounds.to_string()])
        .output()
        .expect("bash starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    let counts: Vec<usize> = text.lines().map(|line| line.parse().expect("a number")).collect();
    let &[inside, outside] = counts.as_slice() else {
        panic!("two numbers: {text}{said}");
    };
    assert_eq!(inside, rounds, "each prompt inside a project starts cargo-nix");
    Row::of(
        "hook of bash outside every project: prompts that start a process",
        "none",
        format!("{outside} of {rounds}"),
        outside == 0,
    )
}
