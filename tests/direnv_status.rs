//! What `cargo-nix status` says before a job is at work.

mod common;
mod direnv_help;

use common::{both, run, success};
use direnv_help::{Session, shell, status};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

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
    success(session.program("cargo-nix").arg("allow"));
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
