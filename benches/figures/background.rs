//! A prompt while Nix works: the inputs have changed, and what they ask for
//! takes a minute to build. And 32 shells that come at once to a project for
//! which there is nothing yet.

use crate::measure::Sample;
use crate::place::Place;
use crate::report::Row;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How many edits; each costs an evaluation.
const EDITS: usize = 15;
const SHELLS: usize = 32;

/// An edit, a prompt, and then a wait until Nix builds: so that the next edit,
/// and the prompt after it, come in the middle of a build. Writes microseconds.
/// $1: a file with the text of crate-env.nix, `@` where the edit's number goes;
/// $2: how many; $3: what runs a prompt; $4: what allows the inputs.
const LOOP: &str = r#"
text=$(<"$1")
for ((edit = 1; edit <= $2; edit++)); do
    echo "${text//@/$edit}" >crate-env.nix
    # direnv sees whole seconds.
    touch -d "@$((1000000000 + edit))" crate-env.nix
    $4 >/dev/null 2>&1
    start=${EPOCHREALTIME/./}
    $3 2>/dev/null
    echo $((${EPOCHREALTIME/./} - start))
    [ "${CARGO_NIX_STATUS-}" = stale ] || { echo "edit $edit: the status is ${CARGO_NIX_STATUS-}" >&2; exit 1; }
    for ((waited = 0; ; waited++)); do
        case $(cargo-nix status --json) in *'building slow-'"$edit"[!0-9]*) break ;; esac
        ((waited < 600)) || { echo "edit $edit: nothing is built" >&2; exit 1; }
        sleep 0.1
    done
done
"#;

const DIRENV: &str = r#"
prompt() { eval "$(direnv export bash)"; }
prompt 2>/dev/null
"#;
const HOOK: &str = r#"
eval "$(cargo-nix hook bash)"
__cargo_nix_prompt 2>/dev/null
"#;

/// What an edit asks for: a derivation that takes a minute.
const SLOW: &str = r#"{ rust, system }:
{
  toolchain = rust.default;
  env.SLOW = derivation {
    name = "slow-@";
    inherit system;
    builder = "/bin/sh";
    args = [ "-c" "/usr/bin/sleep 60; echo >$out" ];
    __impureHostDeps = [ "/usr" "/lib" "/lib64" "/etc/alternatives" ];
    unique = "@unique@";
  };
}
"#;

/// The rows of prompts that do not wait; `project`: one whose slot is filled,
/// for native hooks; `direnv`: the configuration of direnv with our extension.
///
/// # Panics
/// If a shell does not start, or does not have the older environment.
pub fn rows(place: &Place, project: &Path, direnv: &Path) -> Vec<Row> {
    eprintln!("bench: {EDITS} edits under direnv, and as many with the hook, each with a minute to build");
    let text = project.with_file_name("slow.nix");
    let kept = std::fs::read(project.join("crate-env.nix")).expect("crate-env.nix");
    let unique = format!("{:?}", std::time::SystemTime::now());
    std::fs::write(&text, SLOW.replace("@unique@", &unique.replace('"', ""))).expect("a file");
    let row = |what: &str, start: &str, prompt: &str, allow: &str| {
        let times = edits(place, project, direnv, &text, [start, prompt, allow]);
        std::fs::write(project.join("crate-env.nix"), &kept).expect("the project is as it was");
        end_of_jobs(place, project);
        Row::time(what, Some(60.0), &times)
    };
    vec![
        row(
            "prompt after an edit, while Nix has a minute to build: direnv",
            DIRENV,
            "prompt",
            "direnv allow",
        ),
        row(
            "the same with the hook of bash",
            HOOK,
            "__cargo_nix_prompt",
            "cargo-nix allow",
        ),
    ]
}

fn edits(
    place: &Place,
    project: &Path,
    direnv: &Path,
    text: &Path,
    [start, prompt, allow]: [&str; 3],
) -> Sample {
    let output = shell(place, project)
        .env("DIRENV_CONFIG", direnv)
        .args(["--norc", "-c", &format!("{start}{LOOP}"), "bash"])
        .arg(text)
        .args([&EDITS.to_string(), prompt, allow])
        .output()
        .expect("bash starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    let times = text.lines().map(|line| line.parse().expect("microseconds"));
    Sample::of(times.map(Duration::from_micros).collect())
}

/// The inputs are as they were: the job sees that nobody wants its work any more.
fn end_of_jobs(place: &Place, project: &Path) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let output = place
            .command(Path::new("cargo-nix"))
            .env("PATH", place.path())
            .args(["status", "--json"])
            .current_dir(project)
            .output()
            .expect("cargo-nix starts");
        if !String::from_utf8_lossy(&output.stdout).contains("\"working\":true") {
            return;
        }
        assert!(Instant::now() < end, "the job of {} stays", project.display());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn shell(place: &Place, directory: &Path) -> Command {
    let mut command = place.command(Path::new("bash"));
    command.env("PATH", place.path()).current_dir(directory);
    command
}

/// What each of the 32 does: prompts until the environment is there.
const ENTER: &str = r#"
eval "$(cargo-nix hook bash)"
for ((prompt = 0; prompt < 600; prompt++)); do
    __cargo_nix_prompt
    case ${CARGO_NIX_STATUS-} in
        ready) [ "${ALL_RIGHT-}" = "$1" ] && exit 0 || exit 1 ;;
        failed) exit 2 ;;
    esac
    sleep 0.1
done
exit 3
"#;

/// The row of 32 shells; the machine has been looked at before, and the
/// toolchain is in the store.
///
/// # Panics
/// If a shell does not start.
pub fn at_once(place: &Place) -> Row {
    eprintln!("bench: {SHELLS} shells at once");
    let project = place.project("at-once", 0);
    let value = format!("{}", std::process::id());
    let text = format!("{{ rust }}: {{ toolchain = rust.default; env.ALL_RIGHT = \"{value}\"; }}\n");
    std::fs::write(project.join("crate-env.nix"), text).expect("crate-env.nix");
    place.allow(&project);
    let (evaluator, log) = counting(place, &project);
    let enter = || {
        shell(place, &project)
            .env("CARGO_NIX_EVAL", &evaluator)
            .args(["--norc", "-c", ENTER, "bash", &value])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash starts")
    };
    let start = Instant::now();
    let shells: Vec<Child> = (0..SHELLS).map(|_| enter()).collect();
    let right = shells
        .into_iter()
        .map(|mut shell| shell.wait().expect("bash ends").success())
        .filter(|right| *right)
        .count();
    let time = start.elapsed();
    let started = std::fs::read_to_string(log).unwrap_or_default().lines().count();
    Row::of(
        &format!("{SHELLS} shells entering at once, cold"),
        "one evaluation, all right",
        format!("{started}, {right} right after {:.1} s", time.as_secs_f64()),
        started == 1 && right == SHELLS,
    )
}

/// An evaluator that notes each of its starts, and the file with the notes.
fn counting(place: &Place, project: &Path) -> (PathBuf, PathBuf) {
    let [evaluator, log] = ["evaluator", "starts"].map(|name| project.with_extension(name));
    let text = format!(
        "#!/bin/sh\necho >>'{}'\nexec '{}' \"$@\"\n",
        log.display(),
        place.program().with_file_name("cargo-nix-eval").display()
    );
    std::fs::write(&evaluator, text).expect("a script");
    std::fs::set_permissions(&evaluator, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    (evaluator, log)
}
