//! The job that evaluates while nobody waits: one for each project, for the
//! last edit, and nothing of it is left behind.

mod common;
mod direnv_help;

use common::{both, run, success};
use direnv_help::{Session, eventually, is_alive, job, kill, shell, slow, status};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn ten_edits_in_a_second_cause_two_evaluations_and_the_last_one_wins() {
    let mut session = Session::with(&shell("0"));
    session.until("ready");
    session.until_quiet();
    let counter = session.counting();
    let file = session.directory.join("crate-env.nix");
    let editor = std::thread::spawn(move || {
        for edit in 1..=10 {
            std::fs::write(&file, shell(&edit.to_string())).expect("an edit");
            std::thread::sleep(Duration::from_millis(90));
        }
    });
    while !editor.is_finished() {
        session.prompt();
    }
    editor.join().expect("the editor ends");
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("10"));
    let evaluations = counter.started().len();
    assert!((1..=2).contains(&evaluations), "{evaluations} evaluations");
}

#[test]
fn an_edit_ends_what_is_of_no_use_any_more_with_all_it_started() {
    let mut session = Session::with(&shell("0"));
    session.until("ready");
    let counter = session.counting();
    session.write("crate-env.nix", &slow("1"));
    session.prompt();
    eventually("the slow build begins", || {
        status(&session)["doing"]
            .as_str()
            .is_some_and(|doing| doing.starts_with("building slow-1"))
    });
    let report = status(&session);
    assert_eq!(
        (report["state"].as_str(), report["working"].as_bool()),
        (Some("stale"), Some(true))
    );
    let started = counter.started();
    assert!(started.iter().any(|pid| is_alive(*pid)));

    session.write("crate-env.nix", &shell("2"));
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("2"));
    assert!(
        !started.iter().any(|pid| is_alive(*pid)),
        "the first evaluator is gone"
    );
    eventually("the builder is gone", || !builders("slow-1"));
    eventually("no job is left", || {
        !status(&session)["working"].as_bool().unwrap_or(true)
    });
}

/// Whether a builder of this derivation lives.
fn builders(name: &str) -> bool {
    let output = run(std::process::Command::new("ps").args(["-eo", "args="]));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .any(|line| line.contains("sleep 3600") && line.contains(name))
}

#[test]
fn a_job_ends_with_its_project() {
    let mut session = Session::with(&slow("gone"));
    let counter = session.counting();
    session.prompt();
    eventually("the evaluation begins", || !counter.started().is_empty());
    let pid = job(&session);
    std::fs::rename(&session.directory, session.world.path().join("moved")).expect("it moves");
    eventually("the job ends", || !is_alive(pid));
    eventually("its evaluator too", || {
        !counter.started().iter().any(|pid| is_alive(*pid))
    });
}

#[test]
fn a_job_that_was_killed_is_known_to_be_dead_and_the_next_prompt_starts_another() {
    let mut session = Session::with(&slow("killed"));
    let counter = session.counting();
    session.prompt();
    let pid = job(&session);
    kill(pid);
    eventually("it is dead", || !is_alive(pid));
    eventually("and its evaluators", || {
        !counter.started().iter().any(|pid| is_alive(*pid))
    });
    let report = status(&session);
    assert_eq!(
        (report["state"].as_str(), report["working"].as_bool()),
        (Some("failed"), Some(false))
    );
    assert!(
        report["message"]
            .as_str()
            .is_some_and(|text| text.contains("is gone")),
        "{report}"
    );

    session.write("crate-env.nix", &shell("next"));
    session.prompt();
    session.until("ready");
}

#[test]
fn who_started_it_is_not_kept() {
    let session = Session::with(&slow("detached"));
    // A pipe of somebody's that is inherited beside the standard streams.
    let script = "exec 3>&1; text=$(direnv export bash 2>&1); echo \"${#text}\"";
    let began = Instant::now();
    let mut child = session
        .program("bash")
        .args(["-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash starts");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().expect("a pipe"), &mut text).expect("its end");
    assert!(child.wait().expect("it ends").success());
    assert!(
        began.elapsed() < Duration::from_secs(600),
        "it waited for the build"
    );
    let pid = job(&session).to_string();
    let output = success(std::process::Command::new("ps").args(["-o", "sid=,tty=", "-p", &pid]));
    let words: Vec<&str> = output.split_whitespace().collect();
    assert_eq!(
        words,
        [pid.as_str(), "?"],
        "a session of its own, without a terminal"
    );
    std::fs::remove_dir_all(&session.directory).expect("the project goes");
    let pid: u32 = pid.parse().expect("a process id");
    eventually("the job ends", || !is_alive(pid));
}

#[test]
fn a_failure_is_told_and_not_tried_again_for_the_same_inputs_before_somebody_asks() {
    let mut session = Session::with("{ rust }: throw \"no such luck\"\n");
    let counter = session.counting();
    session.prompt();
    session.until("failed");
    let evaluations = counter.started().len();
    let output = run(session.program("cargo-nix").arg("status"));
    assert_eq!(output.status.code(), Some(1), "{}", both(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.starts_with("failed: ") && text.contains("no such luck"),
        "{text}"
    );
    assert!(text.contains("log: "), "{text}");
    // Another shell.
    session.variables.retain(|name, _| name == "CARGO_NIX_EVAL");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("failed"));
    assert!(
        session.said.contains("no such luck") && session.said.contains("`cargo nix env` tries at once"),
        "{}",
        session.said
    );
    session.until_quiet();
    assert_eq!(counter.started().len(), evaluations);
}

/// A failure that passes: the network is back, the disk has room again.
#[test]
fn whoever_asks_again_after_a_failure_gets_it_at_once() {
    type Ask = fn(&Session);
    let verbs: [(&str, Ask); 4] = [
        ("reload", |session| {
            drop(success(session.program("direnv").arg("reload")))
        }),
        ("direnv allow", |session| session.envrc("use cargo-nix\n")),
        ("allow", |session| {
            drop(success(session.program("cargo-nix").arg("allow")))
        }),
        ("env", |session| {
            drop(success(session.program("cargo-nix").args(["env", "--quiet"])));
        }),
    ];
    for (name, ask) in verbs {
        let mut session = Session::with(&shell(name));
        let luck = session.world.path().join("luck");
        let script = format!(
            "[ -e '{}' ] || exit 1\nexec '{}' \"$@\"",
            luck.display(),
            common::evaluator().display()
        );
        let program = session.world.script("odd-evaluator", &script);
        session
            .variables
            .insert("CARGO_NIX_EVAL".into(), Some(program.into()));
        session.until("failed");
        session.until_quiet();
        std::fs::write(&luck, "").expect("a file");
        // direnv compares whole seconds.
        std::thread::sleep(Duration::from_secs(1));
        ask(&session);
        session.until("ready");
        assert_eq!(session.get("GREETING").as_deref(), Some(name));
    }
}

/// What each of many shells does: prompts until the environment is there.
const ENTER: &str = r#"
case $1 in
    direnv) prompt() { eval "$(direnv export bash)"; } ;;
    hook) eval "$(cargo-nix hook bash)" && prompt() { __cargo_nix_prompt; } ;;
esac
for ((round = 0; round < 600; round++)); do
    prompt
    case ${CARGO_NIX_STATUS-} in
        ready) [ "${GREETING-}" = cold ] && exit 0 || exit 1 ;;
        failed) exit 2 ;;
    esac
    sleep 0.5
done
exit 3
"#;

#[test]
fn thirty_two_shells_at_once_cause_one_evaluation() {
    // The machine is looked at, and the toolchain imported, for another project.
    let mut session = Session::with(&shell("warm"));
    session.until("ready");
    let counter = session.counting();
    session.variables.retain(|name, _| name == "CARGO_NIX_EVAL");
    session.directory = session.world.path().join("cold");
    session.write("crate-env.nix", &shell("cold"));
    session.envrc("use cargo-nix\n");
    success(session.program("cargo-nix").arg("allow"));
    let enter = |number: usize| {
        let kind = ["direnv", "hook"][number % 2];
        session
            .program("bash")
            .args(["--norc", "-c", ENTER, "bash", kind])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash starts")
    };
    let shells: Vec<_> = (0..32).map(enter).collect();
    for shell in shells {
        let output = shell.wait_with_output().expect("bash ends");
        assert!(output.status.success(), "{}: {}", output.status, both(&output));
    }
    assert_eq!(counter.started().len(), 1);
}

#[test]
fn what_somebody_typed_is_seen_at_the_next_prompt() {
    let mut session = Session::with("{ rust }: throw \"no such luck\"\n");
    session.prompt();
    session.until("failed");
    session.until_quiet();
    let envrc = session.directory.join(".envrc");
    assert!(envrc.exists());
    // Mended, and obtained by hand, before any prompt.
    session.write("crate-env.nix", &shell("typed"));
    success(session.program("cargo-nix").args(["env", "--print", "--quiet"]));
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"));
    assert_eq!(session.get("GREETING").as_deref(), Some("typed"));
}

#[test]
fn a_cache_that_cannot_be_written_serves_what_is_there_and_says_what_it_cannot() {
    let mut session = Session::with(&shell("there"));
    session.until("ready");
    session.until_quiet();
    let cache = session.world.cache();
    // As root, permissions keep nobody out: a mount of its own does.
    let script = format!(
        "mount --bind '{0}' '{0}' && mount -o remount,ro,bind '{0}' && exec \"$@\"",
        cache.display()
    );
    let read_only = |session: &Session| {
        let mut unshare = session.program("unshare");
        unshare.env("DIRENV_DEBUG", "1");
        unshare.args(["-rm", "sh", "-c", &script, "sh", "direnv", "export", "bash"]);
        run(&mut unshare)
    };
    let told = |session: &Session| {
        let mut unshare = session.program("unshare");
        unshare.args(["-rm", "sh", "-c", &script, "sh", "cargo-nix", "status"]);
        both(&run(&mut unshare))
    };
    session.variables.clear();
    let output = read_only(&session);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("ready"),
        "{}: {}",
        output.status,
        both(&output)
    );
    session.write("crate-env.nix", &shell("new"));
    let output = read_only(&session);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        out.contains("failed") && out.contains("there"),
        "{}",
        both(&output)
    );
    assert!(err.contains("writing the cache"), "{}", both(&output));
    success(session.program("cargo-nix").arg("allow"));
    let told = told(&session);
    assert!(
        told.contains("failed: ") && told.contains("writing the cache") && !told.contains("starts one"),
        "{told}"
    );
}

#[test]
fn status_watches_until_it_is_there() {
    let mut session = Session::with(&shell("watched"));
    session.prompt();
    let text = success(session.program("cargo-nix").args(["status", "--watch", "--json"]));
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (last["state"].as_str(), last["message"].as_str()),
        (Some("ready"), None),
        "{text}"
    );
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"));
}
