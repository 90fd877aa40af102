//! The conversation with `cargo-nix-eval`: start it, hand it one request, pass
//! its progress on, take its answer. The thin binary never links libnix; this
//! is the only place that knows where the evaluator is.

use crate::error::{Error, Result};
use crate::snippet;
use crate::vars::Vars;
use cargo_nix_protocol::{Answer, Ask, Event, Failure, Position, Progress, Request, Settings, VERSION};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

/// The evaluator's file name.
const PROGRAM: &str = "cargo-nix-eval";

/// Asks one question of a fresh evaluator and waits for the answer.
///
/// # Errors
/// [`Error::Evaluator`] for what it reports, [`Error::Machine`] if it is not there
/// or does not start, [`Error::EvaluatorGone`] if it ends without an answer.
pub fn ask(
    vars: &Vars,
    settings: &Settings,
    ask: Ask,
    mut progress: impl FnMut(&Progress),
) -> Result<Answer> {
    let program = locate(vars)?;
    check_places(vars)?;
    let request = Request {
        version: VERSION,
        settings: settings.clone(),
        ask,
    };
    let mut line = serde_json::to_vec(&request).map_err(|error| Error::Machine {
        message: format!(
            "the cache is in a place that Nix cannot name: {error}\n  \
             set XDG_CACHE_HOME to a directory whose path is UTF-8"
        ),
    })?;
    line.push(b'\n');
    let mut command = Command::new(&program);
    // A relative one would have libnix write into the project.
    if vars.home.is_none() {
        command.env_remove("HOME");
    }
    if let Some(outside) = &vars.outside {
        command.env_clear().envs(outside);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Error::Machine {
            message: format!(
                "the evaluator {} does not start: {error}\n  `make install` puts a whole one in its place; \
                 CARGO_NIX_EVAL names another one",
                program.display()
            ),
        })?;
    let stderr = child.stderr.take().expect("stderr is piped");
    let last_words = thread::spawn(move || tail(stderr));

    // An evaluator that is gone already shows itself below, with its last words.
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let _ = stdin.write_all(&line).and_then(|()| stdin.flush());

    let outcome = listen(&mut child, &mut progress);
    drop(stdin);
    let status = child.wait().map_err(Error::io("waiting for", &program))?;
    outcome.unwrap_or_else(|| {
        let words = last_words.join().unwrap_or_default();
        Err(Error::EvaluatorGone(gone(&program, status, &words)))
    })
}

/// libnix ends the process, without a word that helps, where one of its directories
/// is no absolute path.
fn check_places(vars: &Vars) -> Result<()> {
    match vars.nix_store_dir.as_ref().filter(|dir| dir.is_relative()) {
        None => Ok(()),
        Some(dir) => Err(Error::Machine {
            message: format!(
                "NIX_STORE_DIR is {}, which is no absolute path\n  name the whole path, or unset it for /nix/store",
                dir.display()
            ),
        }),
    }
}

/// Reads events until the one that ends the conversation; `None` if it never comes.
fn listen(child: &mut Child, progress: &mut impl FnMut(&Progress)) -> Option<Result<Answer>> {
    let stdout = child.stdout.take().expect("stdout is piped");
    for line in BufReader::new(stdout).split(b'\n') {
        match serde_json::from_slice::<Event>(&line.ok()?) {
            Ok(Event::Progress(step)) => progress(&step),
            Ok(Event::Answer(answer)) => return Some(Ok(*answer)),
            Ok(Event::Failure(failure)) => return Some(Err(Error::Evaluator(failure))),
            Err(error) => {
                return Some(Err(Error::EvaluatorGone(format!(
                    "{PROGRAM} and cargo-nix do not understand each other ({error})\n  \
                     install both from the same release"
                ))));
            }
        }
    }
    None
}

/// The last kilobytes of a stream, read to its end.
fn tail(mut stream: impl Read) -> String {
    const KEEP: usize = 4096;
    let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..read]);
        let excess = kept.len().saturating_sub(KEEP);
        kept.drain(..excess);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

fn gone(program: &Path, status: ExitStatus, words: &str) -> String {
    let mut message = format!("{} ended without an answer ({status})", program.display());
    for line in words.lines() {
        message.push_str("\n  | ");
        message.push_str(line);
    }
    message.push_str(
        "\n  nothing is lost, try again; should it end again, `cargo nix doctor` looks for the reason",
    );
    message
}

/// `$CARGO_NIX_EVAL`, else beside this program, else in `../libexec/cargo-nix`.
///
/// # Errors
/// [`Error::Machine`]: it is in none of these places.
pub fn locate(vars: &Vars) -> Result<PathBuf> {
    if let Some(path) = &vars.evaluator {
        return Ok(path.clone());
    }
    let here = std::env::current_exe().map_err(Error::io("finding", "cargo-nix itself"))?;
    let here = here.canonicalize().unwrap_or(here);
    let directory = here.parent().unwrap_or(Path::new("/"));
    let beside = directory.join(PROGRAM);
    let installed = directory.join("../libexec/cargo-nix").join(PROGRAM);
    [&beside, &installed]
        .into_iter()
        .find(|path| path.exists())
        .cloned()
        .ok_or_else(|| Error::Machine {
            message: format!(
                "{PROGRAM} is neither at {} nor at {}\n  `make install` puts it there; CARGO_NIX_EVAL names \
                 another one",
                beside.display(),
                installed.display()
            ),
        })
}

/// A failure as the user is shown it: what we were doing, the message, the
/// place with its source line and a caret, the way out; what else is wrong,
/// likewise; and the trace if the failure still carries one.
pub fn describe(failure: &Failure) -> String {
    let mut text = format!("{}: {}", failure.doing, failure.message);
    add_place(&mut text, failure.position.as_ref(), failure.hint.as_deref());
    for other in &failure.others {
        text.push('\n');
        text.push_str(&other.message);
        add_place(&mut text, other.position.as_ref(), other.hint.as_deref());
    }
    if let Some(trace) = &failure.trace {
        text.push_str("\n\n");
        text.push_str(trace.trim_end());
    }
    text
}

fn add_place(text: &mut String, place: Option<&Position>, hint: Option<&str>) {
    if let Some(place) = place {
        let plain = || format!(" --> {}:{}:{}", place.file.display(), place.line, place.column);
        text.push('\n');
        text.push_str(&snippet::render(&place.file, place.line, place.column).unwrap_or_else(plain));
    }
    for line in hint.iter().flat_map(|hint| hint.lines()) {
        text.push_str("\n  ");
        text.push_str(line);
    }
}
