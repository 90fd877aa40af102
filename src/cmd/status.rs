//! `cargo-nix status`: whether the environment of the inputs as they are is
//! there, and what the background does about it. Nothing is started or changed.
//!
//! Exit code 1 if it failed, so that scripts can tell.

use super::{direnv, output, start};
use crate::background::{Desk, Phase, State, Status, now, with_way_out};
use crate::cache::Key;
use crate::cli::{ObtainArgs, StatusArgs};
use crate::env::merge::merge;
use crate::env::{Env, Look};
use crate::error::Result;
use crate::hook::outside;
use crate::trust::Trust;
use crate::vars::Vars;
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
    /// None in a project that was never allowed.
    state: Option<State>,
    /// Whether a job is at work.
    working: bool,
    /// The environment is not there, and may come: a job, at work already or not,
    /// may fill its slot.
    #[serde(skip)]
    awaited: bool,
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
    let impure = ObtainArgs {
        impure: true,
        ..args.obtain.clone()
    };
    let mut told: Option<Report> = None;
    loop {
        let report = report(&look(&args.obtain, &impure, &vars)?, &vars);
        let news = told.as_ref().is_none_or(|told| is_news(told, &report));
        if news {
            output::print(&match args.json {
                true => format!("{}\n", serde_json::to_string(&report).expect("a report is JSON")),
                false => describe(&report),
            })?;
        }
        if !args.watch || !report.awaited {
            let failed = report.state == Some(State::Failed);
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

/// In a shell of direnv, whose .envrc may say `--impure`, what was looked at last counts.
fn look<'a>(args: &'a ObtainArgs, impure: &'a ObtainArgs, vars: &'a Vars) -> Result<Look<'a>> {
    let look = Look::at(args, vars)?;
    if args.impure || look.slot.is_some() || !vars.in_direnv {
        return Ok(look);
    }
    let id = look.project.id().to_hex();
    let last = Desk::of(&look.cache, &id).read().and_then(|last| last.key);
    let used = look.cache.history(&id).pop();
    let other = Look::at(impure, vars)?;
    let known = used.as_ref() == Some(&other.key) || last.as_deref() == Some(other.key.as_str());
    Ok(if known { other } else { look })
}

/// The passing of time alone is none.
fn is_news(told: &Report, now: &Report) -> bool {
    let timeless = |report: &Report| Report {
        seconds: None,
        ..report.clone()
    };
    timeless(told) != timeless(now)
}

fn report(look: &Look<'_>, vars: &Vars) -> Report {
    let desk = Desk::of(&look.cache, &look.project.id().to_hex());
    let (last, working) = (desk.read(), desk.is_at_work());
    let trusted = Trusted::of(look, vars);
    let (state, message) = state(look, &desk, last.as_ref(), working, trusted, vars);
    let coming = matches!(state, Some(State::Building | State::Stale));
    let seconds = |last: &Status| {
        let since = if working { last.began } else { last.at };
        now().saturating_sub(since) / 1_000_000_000
    };
    let going_on = last.as_ref().filter(|_| working);
    Report {
        state,
        working,
        awaited: coming && (working || trusted.may()),
        doing: going_on.map(|last| last.doing.clone()),
        left: going_on.and_then(|last| last.left),
        seconds: last.as_ref().map(seconds),
        message,
        log: Some(desk.log()).filter(|log| log.exists()),
        project: look.project.directory().to_path_buf(),
        key: look.key.as_str().to_owned(),
    }
}

fn state(
    look: &Look<'_>,
    desk: &Desk,
    last: Option<&Status>,
    working: bool,
    trusted: Trusted,
    vars: &Vars,
) -> (Option<State>, Option<String>) {
    if let Some(slot) = look.slot.as_ref().filter(|_| trusted.may()) {
        return match too_big(&slot.env, vars) {
            Some(message) => (Some(State::Failed), Some(format!("it is not applied: {message}"))),
            None => (Some(State::Ready), None),
        };
    }
    let older = look
        .older(|key| trusted.may() || allowed_slot(look, key, vars))
        .is_some();
    if !trusted.may() && !working {
        let what = match trusted {
            Trusted::Denied => "what the project says now was denied",
            _ => "what the project says now is not allowed to be evaluated by itself",
        };
        let mut message = format!("{what}\n  `cargo-nix allow` shows what there is to allow, and allows it");
        let tried = look.slot.is_some() || desk.failure_of(&look.key).is_some();
        if trusted == Trusted::No && tried {
            let (state, _) = state(look, desk, last, working, Trusted::ByDirenv, vars);
            let state = state.map_or("", State::as_str);
            message.push_str(&format!(
                "\n  under direnv, where the .envrc decides, it is {state}"
            ));
        }
        let nothing = vars.in_direnv.then_some(State::Failed);
        return (if older { Some(State::Stale) } else { nothing }, Some(message));
    }
    // Nothing is started then, and a prompt says this.
    if let Err(error) = look.cache.writable() {
        return (Some(State::Failed), Some(error.to_string()));
    }
    let without = Some(if older { State::Stale } else { State::Building });
    if working {
        return (without, None);
    }
    // What was reported before the last start says nothing about that job.
    match desk.silent_lives(last) {
        Some(true) => return (without, Some("a job has been started".to_owned())),
        Some(false) => {
            let message = "the job that was started is gone, and did nothing\n  \
                           `cargo nix env` does the same work, and says what is wrong";
            return (Some(State::Failed), Some(message.to_owned()));
        }
        None => {}
    }
    match last {
        Some(Status {
            phase: Phase::Failed { message },
            key,
            ..
        }) if key.as_deref().is_none_or(|key| key == look.key.as_str()) => {
            (Some(State::Failed), Some(with_way_out(message)))
        }
        Some(Status {
            phase: Phase::Working,
            ..
        }) => {
            let message = "the job that was at work is gone, and reported no end\n  \
                           the next prompt in the project starts another, and so does `cargo nix env`";
            (Some(State::Failed), Some(message.to_owned()))
        }
        _ => {
            let message = "no job is at work yet: the next prompt in the project starts one";
            (without, Some(message.to_owned()))
        }
    }
}

/// Why a shell like this one does not have the environment, as far as sizes go.
fn too_big(env: &Env, vars: &Vars) -> Option<String> {
    if vars.in_direnv {
        return direnv::excess(env, vars);
    }
    let changes = merge(env, |name| std::env::var_os(name));
    start::excess(&[], &start::variables(&changes))
}

/// Whether the inputs as they are may be evaluated while nobody asks for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trusted {
    Yes,
    No,
    Denied,
    /// In a shell of direnv: whether it allows them, it knows.
    ByDirenv,
}

impl Trusted {
    fn of(look: &Look<'_>, vars: &Vars) -> Trusted {
        let Ok(data) = vars.data_dir() else {
            return Trusted::No;
        };
        let (trust, id, digest) = (
            Trust::new(&data),
            look.project.id().to_hex(),
            look.inputs.digest(),
        );
        match () {
            () if trust.denies(&id, &digest) => Trusted::Denied,
            () if trust.allows(&digest) || trust.direnv_allows(&id, &digest) => Trusted::Yes,
            () if vars.in_direnv => Trusted::ByDirenv,
            () => Trusted::No,
        }
    }

    fn may(self) -> bool {
        matches!(self, Trusted::Yes | Trusted::ByDirenv)
    }
}

fn allowed_slot(look: &Look<'_>, key: &Key, vars: &Vars) -> bool {
    let id = look.project.id().to_hex();
    vars.data_dir().is_ok_and(|data| {
        let trust = Trust::new(&data);
        trust.direnv_allows_slot(&id, key) && !trust.denies_slot(&id, key)
    })
}

fn describe(report: &Report) -> String {
    let Some(state) = report.state else {
        let message = report.message.as_deref().unwrap_or_default();
        return format!("not allowed: {message}\n");
    };
    let what = match state {
        State::Ready => "the environment is that of the inputs as they are",
        State::Building => "there is no environment yet",
        State::Stale if !report.awaited => "an older environment, one that is allowed, is in use",
        State::Stale => "an older environment is in use until the new one is there",
        State::Failed => "the environment of the inputs as they are cannot be had",
    };
    let mut text = format!("{}: {what}\n", state.as_str());
    if let Some(doing) = &report.doing {
        let seconds = report.seconds.unwrap_or(0);
        text.push_str(&format!("  {doing} (at work for {seconds} s)\n"));
    }
    for line in report.message.iter().flat_map(|message| message.lines()) {
        text.push_str(&format!("  {line}\n"));
    }
    if let Some(log) = report.log.as_ref().filter(|_| state != State::Ready) {
        text.push_str(&format!("  log: {}\n", log.display()));
    }
    text
}
