//! The conversation: requests in, events out, until standard input ends.
//!
//! Evaluation runs in a thread of its own with a large stack, since libnix
//! recurses deeply; it is the only one that touches libnix.

use crate::asks::Session;
use crate::failure::{Fallible, fail};
use crate::progress::Chatter;
use crate::{settings, streams};
use cargo_nix_protocol::{Event, FailureKind, Request, Settings, VERSION};
use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;

/// Enough for Nix's own limit of calls in calls (`max-call-depth`, 10,000) to be
/// what is hit first. Memory that is not touched is not taken.
const STACK: usize = 256 << 20;

const DOING: &str = "reading a request";

/// Serves until standard input ends. A failure of a request is an event and no
/// failure of the process.
pub fn main() -> ExitCode {
    let streams = match streams::take() {
        Ok(streams) => streams,
        Err(error) => {
            eprintln!("error: cargo-nix-eval: taking the standard streams: {error}");
            return ExitCode::from(70);
        }
    };
    let mut complaints = streams.complaints;
    let events = streams.events.clone();
    let served = streams::end_with_reader(&events)
        .and_then(|()| Chatter::listen(streams.chatter, events.clone()))
        .and_then(|chatter| {
            let serve = move || serve(&events, &chatter);
            std::thread::Builder::new()
                .name("evaluate".to_owned())
                .stack_size(STACK)
                .spawn(serve)
        });
    match served.map(std::thread::JoinHandle::join) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) => {
            // The panic's message went to the pipe and was sent as progress.
            let _ = writeln!(complaints, "error: cargo-nix-eval: a bug of its own");
            ExitCode::from(70)
        }
        Err(error) => {
            let _ = writeln!(complaints, "error: cargo-nix-eval: starting its threads: {error}");
            ExitCode::from(70)
        }
    }
}

fn serve(events: &streams::Events, chatter: &Chatter) {
    let mut opened = None;
    for line in std::io::stdin().lock().split(b'\n') {
        let Ok(line) = line else { return };
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = read(&line).and_then(|request| {
            let session = open(&mut opened, request.settings, chatter)?;
            session.answer(&request.ask)
        });
        events.send(&match answer {
            Ok(answer) => Event::Answer(Box::new(answer)),
            Err(failure) => Event::Failure(failure),
        });
    }
}

fn read(line: &[u8]) -> Fallible<Request> {
    let hint = Some("cargo-nix and cargo-nix-eval are of different releases; install both together");
    let broken = |message: String| fail(FailureKind::Internal, DOING, message, hint);
    let json: serde_json::Value = serde_json::from_slice(line).map_err(|error| broken(error.to_string()))?;
    let version = json.get("version").and_then(serde_json::Value::as_u64);
    if version != Some(u64::from(VERSION)) {
        return Err(broken(format!(
            "it is of version {}, not {VERSION}",
            version.unwrap_or(0)
        )));
    }
    serde_json::from_value(json).map_err(|error| broken(error.to_string()))
}

/// The session, opened with the first request's settings: libnix takes them once
/// per process, and a failure to open it is the answer to every later request.
fn open<'a>(opened: &'a mut Option<Opened>, settings: Settings, chatter: &Chatter) -> Fallible<&'a Session> {
    let opened = opened.get_or_insert_with(|| {
        // SAFETY: the other threads (chatter, reader-watch, main) do not touch the
        // environment; libnix, which does, is not started yet.
        unsafe { settings::install(&settings) };
        Opened {
            session: Session::open(&settings, chatter.clone()),
            settings: settings.clone(),
        }
    });
    if opened.settings != settings {
        let hint = Some("ask a process of its own");
        return Err(fail(
            FailureKind::Internal,
            DOING,
            "its settings are not those of the first request",
            hint,
        ));
    }
    opened.session.as_ref().map_err(Clone::clone)
}

struct Opened {
    settings: Settings,
    session: Fallible<Session>,
}
