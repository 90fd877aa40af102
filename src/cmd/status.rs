//! `cargo-nix status`: whether the environment of the inputs as they are is
//! there, and what the background does about it. Nothing is started or changed.
//!
//! Exit code 1 if it failed, so that scripts can tell.

use super::output;
use crate::background::{Desk, Phase, State, Status, now};
use crate::cli::StatusArgs;
use crate::env::Look;
use crate::error::Result;
use crate::hook::outside;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// How often `--watch` looks.
const BEAT: Duration = Duration::from_millis(200);

/// What is told; as JSON, in camel case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    state: State,
    /// Whether a job is at work.
    working: bool,
    /// What it does at the moment.
    doing: Option<String>,
    /// How many derivations are at most left.
    left: Option<u64>,
    /// How long it has been at work, or how long ago it ended.
    seconds: Option<u64>,
    /// Why there is nothing, or nothing new.
    message: Option<String>,
    /// What the last job said, if there was one.
    log: Option<PathBuf>,
    project: PathBuf,
    key: String,
}

pub(super) fn run(args: &StatusArgs) -> Result<ExitCode> {
    let vars = outside::read();
    let mut told: Option<Report> = None;
    loop {
        let report = report(&Look::at(&args.obtain, &vars)?);
        let news = told.as_ref().is_none_or(|told| is_news(told, &report));
        if news {
            output::print(&match args.json {
                true => format!("{}\n", serde_json::to_string(&report).expect("a report is JSON")),
                false => describe(&report),
            })?;
        }
        if !args.watch || !report.working {
            let failed = report.state == State::Failed;
            return Ok(if failed {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            });
        }
        told = Some(report);
        thread::sleep(BEAT);
    }
}

/// The passing of time alone is none.
fn is_news(told: &Report, now: &Report) -> bool {
    let timeless = |report: &Report| Report {
        seconds: None,
        ..report.clone()
    };
    timeless(told) != timeless(now)
}

fn report(look: &Look<'_>) -> Report {
    let desk = Desk::of(&look.cache, &look.project.id().to_hex());
    let (last, working) = (desk.read(), desk.is_at_work());
    let (state, message) = state(look, &desk, last.as_ref(), working);
    let seconds = |last: &Status| {
        let since = if working { last.began } else { last.at };
        now().saturating_sub(since) / 1_000_000_000
    };
    let going_on = last.as_ref().filter(|_| working);
    Report {
        state,
        working,
        doing: going_on.map(|last| last.doing.clone()),
        left: going_on.and_then(|last| last.left),
        seconds: last.as_ref().map(seconds),
        message,
        log: Some(desk.log()).filter(|log| log.exists()),
        project: look.project.directory().to_path_buf(),
        key: look.key.as_str().to_owned(),
    }
}

fn state(look: &Look<'_>, desk: &Desk, last: Option<&Status>, working: bool) -> (State, Option<String>) {
    if look.slot.is_some() {
        return (State::Ready, None);
    }
    let without = if look.older(|_| true).is_some() {
        State::Stale
    } else {
        State::Building
    };
    if working {
        return (without, None);
    }
    // What was reported before the last start says nothing about that job.
    match desk.silent_lives(last) {
        Some(true) => return (without, Some("a job has been started".to_owned())),
        Some(false) => {
            let message = "the job that was started is gone, and did nothing\n  \
                           `cargo nix env` does the same work, and says what is wrong";
            return (State::Failed, Some(message.to_owned()));
        }
        None => {}
    }
    match last {
        Some(Status {
            phase: Phase::Failed { message },
            key,
            ..
        }) if key.as_deref().is_none_or(|key| key == look.key.as_str()) => {
            (State::Failed, Some(message.clone()))
        }
        Some(Status {
            phase: Phase::Working,
            ..
        }) => {
            let message = "the job that was at work is gone, and reported no end\n  \
                           the next prompt in the project starts another, and so does `cargo nix env`";
            (State::Failed, Some(message.to_owned()))
        }
        _ => {
            let message = "no job is at work yet: the next prompt in the project starts one";
            (without, Some(message.to_owned()))
        }
    }
}

fn describe(report: &Report) -> String {
    let what = match report.state {
        State::Ready => "the environment is that of the inputs as they are",
        State::Building => "there is no environment yet",
        State::Stale => "an older environment is in use until the new one is there",
        State::Failed => "there is no environment of the inputs as they are",
    };
    let mut text = format!("{}: {what}\n", report.state.as_str());
    if let Some(doing) = &report.doing {
        let seconds = report.seconds.unwrap_or(0);
        text.push_str(&format!("  {doing} (at work for {seconds} s)\n"));
    }
    for line in report.message.iter().flat_map(|message| message.lines()) {
        text.push_str(&format!("  {line}\n"));
    }
    if let Some(log) = report.log.as_ref().filter(|_| report.state != State::Ready) {
        text.push_str(&format!("  log: {}\n", log.display()));
    }
    text
}
