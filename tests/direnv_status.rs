//! What `cargo-nix status` says before a job is at work.

mod common;
mod direnv_help;

use common::{both, run, success};
use direnv_help::{Session, shell, shell_with, status};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[test]
fn status_of_a_project_that_was_never_allowed_is_none() {
    let session = Session::new();
    session.write("crate-env.nix", &shell("unknown"));
    assert_eq!(status(&session)["state"], Value::Null);
    let text = success(session.program("cargo-nix").arg("status"));
    assert!(
        text.starts_with("not allowed: ") && text.contains("`cargo-nix allow`"),
        "{text}"
    );
    success(session.world.cargo_nix().args(["allow", "--project", "project"]));
    assert_eq!(status(&session)["state"], "building");
    success(session.world.cargo_nix().args(["deny", "--project", "project"]));
    assert_eq!(status(&session)["state"], Value::Null);
    success(session.world.cargo_nix().args(["allow", "project"]));
    assert_eq!(status(&session)["state"], "building");
}

/// A job that was started and has not taken its lock yet is one to watch.
#[test]
fn a_watch_waits_for_a_job_that_is_about_to_begin() {
    let session = Session::new();
    session.write("crate-env.nix", &shell("late"));
    success(session.program("cargo-nix").arg("allow"));
    let report = status(&session);
    let mut job = session.program("sleep").arg("2").spawn().expect("a process");
    let at = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_nanos() as u64;
    let start = serde_json::json!({ "at": at, "pid": job.id(), "key": report["key"], "lost": 0 });
    let note = direnv_help::desk(&session).join("started");
    cargo_nix::sealed::write(&note, "started", start.to_string().as_bytes()).expect("written");
    let waited = std::thread::spawn(move || job.wait());
    let output = run(session.program("cargo-nix").args(["status", "--watch", "--json"]));
    waited.join().expect("no panic").expect("it ended");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.lines().last().expect("a line");
    assert!(
        text.lines().count() == 2 && last.contains("the job that was started is gone"),
        "{}",
        both(&output)
    );
}

#[test]
fn a_watch_of_what_nobody_works_at_yet_waits_and_tells_the_end_once() {
    let mut session = Session::with(&shell("watched"));
    success(session.program("cargo-nix").arg("allow"));
    let watching = session
        .program("cargo-nix")
        .args(["status", "--watch"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    std::thread::sleep(Duration::from_secs(1));
    session.until("ready");
    let output = watching.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        output.status.success() && text.starts_with("building: "),
        "{text}"
    );
    assert_eq!(text.matches("ready: ").count(), 1, "{text}");
}

#[test]
fn what_direnv_loads_with_impure_is_what_status_tells_of_and_can_be_renewed() {
    let mut session = Session::new();
    let seen = session.world.write("seen", "1");
    let read = format!("env.SEEN = builtins.readFile {};", seen.display());
    session.write("crate-env.nix", &shell_with("impure", &read));
    session.envrc("use cargo-nix --impure\n");
    session.until("ready");
    let report = status(&session);
    assert_eq!(
        (report["state"].as_str(), report["message"].as_str()),
        (Some("ready"), None),
        "{report}"
    );
    session.until_quiet();
    std::fs::write(&seen, "2").expect("written");
    success(session.program("cargo-nix").args(["env", "--impure", "--quiet"]));
    // direnv compares whole seconds.
    std::thread::sleep(Duration::from_secs(1));
    success(session.program("direnv").arg("reload"));
    session.prompt();
    assert_eq!(session.get("SEEN").as_deref(), Some("2"), "{}", session.said);

    session.write("crate-env.nix", "{ rust }: throw \"no such luck\"\n");
    session.prompt();
    session.until("failed");
    let report = status(&session);
    let message = report["message"].as_str().unwrap_or_default();
    assert!(message.contains("no such luck"), "{report}");
}

/// The .envrc may be for a project that is not where the shell is.
#[test]
fn what_is_to_be_typed_names_the_project_of_the_envrc() {
    let mut session = Session::new();
    let file = session.write("it's elsewhere/crate-env.nix", &shell("elsewhere"));
    session.envrc("use cargo-nix \"it's elsewhere\"\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("building"), "{}", session.said);
    let typed = |said: &str| {
        let part = said.split('`').find(|part| part.starts_with("cargo-nix "));
        part.unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    let status = typed(&session.said);
    let outside = session.world.path().to_path_buf();
    let project = std::mem::replace(&mut session.directory, outside);
    let line = format!("{status} --json");
    let report = success(session.program("sh").args(["-c", &line]));
    let directory = serde_json::to_string(file.parent().expect("a directory")).expect("UTF-8");
    assert!(report.contains(&format!("\"project\":{directory}")), "{report}");

    let deny = status.replace("status", "deny");
    success(session.program("sh").args(["-c", &deny]));
    session.directory = project;
    session.envrc("use cargo-nix \"it's elsewhere\"\n# again\n");
    session.prompt();
    assert!(session.said.contains("was denied"), "{}", session.said);
    success(session.program("sh").args(["-c", &typed(&session.said)]));
    session.until("ready");
}
