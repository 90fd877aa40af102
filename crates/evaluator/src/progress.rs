//! libnix has no logger callback; what it says on standard error is turned into
//! progress here, line by line, by a thread of its own.

use crate::streams::Events;
use cargo_nix_protocol::{Event, Progress, ProgressKind};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// How many of the last lines of builders are kept: what a build script said is
/// for its user, to the last word.
const KEPT_LINES: usize = 20_000;

/// A line that no program prints: all before it has been read.
const MARK: &[u8] = b"\0cargo-nix mark\0";

#[derive(Default)]
struct Seen {
    warnings: Vec<Warning>,
    /// The errors that libnix printed: those of builds that are not what the
    /// request itself failed with. Lines after the first are without indentation.
    errors: Vec<String>,
    /// Whether the line before belongs to an error.
    in_error: bool,
    log: VecDeque<String>,
    left: Option<u64>,
    /// Whether anything was built.
    built: bool,
}

/// A warning of libnix.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// What it says.
    pub text: String,
    /// It is one of the expressions' own (`builtins.warn`).
    pub of_evaluation: bool,
}

/// What is known of failed builds besides the error itself.
#[derive(Debug, Default)]
pub struct Wreckage {
    /// The errors that libnix printed, in order.
    pub errors: Vec<String>,
    /// The last lines that builders printed.
    pub log: Vec<String>,
}

/// What libnix has said so far; shared with the thread that reads it.
#[derive(Clone)]
pub struct Chatter {
    seen: Arc<Mutex<Seen>>,
    marks: Arc<Mutex<mpsc::Receiver<()>>>,
    events: Events,
}

impl Chatter {
    /// Starts the thread that reads `chatter`.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn listen(chatter: File, events: Events) -> std::io::Result<Chatter> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (sender, marks) = mpsc::channel();
        let listener = Listener {
            seen: seen.clone(),
            events: events.clone(),
            marks: sender,
        };
        std::thread::Builder::new()
            .name("chatter".to_owned())
            .spawn(move || listener.run(chatter))?;
        Ok(Chatter {
            seen,
            marks: Arc::new(Mutex::new(marks)),
            events,
        })
    }

    /// Tells of a step of our own.
    pub fn step(&self, kind: ProgressKind, what: &str) {
        self.events.send(&Event::Progress(Progress {
            kind,
            what: what.to_owned(),
            left: None,
        }));
    }

    /// How many derivations are left at most; counted down as they start.
    pub fn expect(&self, left: u64) {
        self.with(|seen| seen.left = Some(left));
    }

    /// Forgets what was said for an earlier request.
    pub fn reset(&self) {
        self.catch_up();
        self.with(|seen| *seen = Seen::default());
    }

    /// The warnings since [`Chatter::reset`], each once, in order.
    pub fn warnings(&self) -> Vec<Warning> {
        self.catch_up();
        self.with(|seen| seen.warnings.clone())
    }

    /// Whether anything was built since [`Chatter::reset`].
    pub fn built(&self) -> bool {
        self.catch_up();
        self.with(|seen| seen.built)
    }

    /// What builds have left behind since [`Chatter::reset`].
    pub fn wreckage(&self) -> Wreckage {
        self.catch_up();
        self.with(|seen| Wreckage {
            errors: seen.errors.clone(),
            log: seen.log.iter().cloned().collect(),
        })
    }

    /// Waits until all that was written before has been read.
    fn catch_up(&self) {
        let mut line = MARK.to_vec();
        line.push(b'\n');
        // Descriptor 2 is the pipe's write end; a begun line is ended first.
        if std::io::stderr().write_all(&line).is_ok() {
            let _ = self.marks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Listener {
    seen: Arc<Mutex<Seen>>,
    events: Events,
    marks: mpsc::Sender<()>,
}

impl Listener {
    fn run(self, chatter: File) {
        let mut reader = BufReader::new(chatter);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let marked = line.strip_suffix(b"\n").and_then(|line| line.strip_suffix(MARK));
            let text = plain(&String::from_utf8_lossy(marked.unwrap_or(&line)));
            if !text.trim().is_empty() {
                self.line(text.trim_end());
            }
            if marked.is_some() {
                let _ = self.marks.send(());
            }
            line.clear();
        }
    }

    fn line(&self, text: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // The lines below an error's first are indented.
        if seen.in_error && text.starts_with("       ") {
            if let Some(error) = seen.errors.last_mut() {
                error.push('\n');
                error.push_str(text.trim_start());
            }
            return;
        }
        seen.in_error = false;
        let (kind, what) = match read(text) {
            Line::Error(error) => {
                seen.errors.push(error.to_owned());
                seen.in_error = true;
                return;
            }
            Line::Warning(warning) => {
                if !seen.warnings.contains(&warning) {
                    seen.warnings.push(warning);
                }
                return;
            }
            Line::Step(kind, what) => (kind, what),
        };
        seen.built |= kind == ProgressKind::Build;
        if matches!(kind, ProgressKind::Build | ProgressKind::Fetch) {
            seen.left = seen.left.map(|left| left.saturating_sub(1));
        }
        if kind == ProgressKind::Log && !is_of_a_cache(text) {
            if seen.log.len() == KEPT_LINES {
                seen.log.pop_front();
            }
            seen.log.push_back(what.clone());
        }
        let left = seen.left;
        drop(seen);
        self.events.send(&Event::Progress(Progress { kind, what, left }));
    }
}

/// What a line of libnix means.
#[derive(Debug, PartialEq)]
enum Line<'a> {
    Error(&'a str),
    Warning(Warning),
    Step(ProgressKind, String),
}

/// Of a binary cache that does not answer, libnix warns at each attempt.
fn is_of_a_cache(line: &str) -> bool {
    ["unable to download", "disabling binary cache"]
        .iter()
        .any(|part| line.contains(part))
}

fn read(line: &str) -> Line<'_> {
    if is_of_a_cache(line) {
        return Line::Step(ProgressKind::Log, line.to_owned());
    }
    for prefix in ["evaluation warning: ", "warning: "] {
        if let Some(warning) = line.strip_prefix(prefix) {
            return Line::Warning(Warning {
                text: warning.to_owned(),
                of_evaluation: prefix.starts_with("evaluation"),
            });
        }
    }
    if let Some(error) = line.strip_prefix("error: ") {
        return Line::Error(error);
    }
    let quoted = || line.split('\'').nth(1).unwrap_or(line);
    if line.starts_with("building '") {
        return Line::Step(
            ProgressKind::Build,
            name_of(quoted()).trim_end_matches(".drv").to_owned(),
        );
    }
    if ["copying path '", "copying '"]
        .iter()
        .any(|start| line.starts_with(start))
    {
        return Line::Step(ProgressKind::Fetch, name_of(quoted()).to_owned());
    }
    if ["downloading '", "fetching ", "unpacking '"]
        .iter()
        .any(|start| line.starts_with(start))
    {
        return Line::Step(ProgressKind::Fetch, quoted().to_owned());
    }
    if line.starts_with("trace: ") {
        return Line::Step(ProgressKind::Evaluate, line.to_owned());
    }
    Line::Step(ProgressKind::Log, line.to_owned())
}

/// `rustc-1.95.0` of `/nix/store/…-rustc-1.95.0`.
pub fn name_of(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    match base.split_once('-') {
        Some((hash, name)) if hash.len() == 32 => name,
        _ => base,
    }
}

/// Without ANSI escapes and without systemd's `<3>`, which libnix prefixes when
/// it believes to run as a service.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if rest.next_if_eq(&'[').is_some() {
            while rest.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {}
        }
    }
    let bytes = plain.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'<' && bytes[1].is_ascii_digit() && bytes[2] == b'>' {
        plain.drain(..3);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libnix_become_steps() {
        let drv = "building '/nix/store/0123456789abcdfghijklmnpqrsvwxyz-openssl-3.0.drv'...";
        assert_eq!(read(drv), Line::Step(ProgressKind::Build, "openssl-3.0".into()));
        let copy = "copying path '/nix/store/0123456789abcdfghijklmnpqrsvwxyz-zlib' from 'https://cache'...";
        assert_eq!(read(copy), Line::Step(ProgressKind::Fetch, "zlib".into()));
        assert_eq!(read("error: builder failed;"), Line::Error("builder failed;"));
        let warning = |of_evaluation| {
            Line::Warning(Warning {
                text: "old".into(),
                of_evaluation,
            })
        };
        assert_eq!(read("evaluation warning: old"), warning(true));
        assert_eq!(read("warning: old"), warning(false));
        assert_eq!(
            read("cc -c x.c"),
            Line::Step(ProgressKind::Log, "cc -c x.c".into())
        );
    }

    #[test]
    fn colours_and_priorities_go() {
        assert_eq!(plain("<4>\u{1b}[35;1mwarning:\u{1b}[0m x"), "warning: x");
        assert_eq!(plain("a < b"), "a < b");
    }
}
