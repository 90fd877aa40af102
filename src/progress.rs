//! What is going on, for a user who waits: what is evaluated, fetched, built,
//! and how many are left, on standard error.
//!
//! On a terminal it is one line that changes, drawn only when the work has
//! lasted [`PATIENCE`], so that quick runs are silent, and wiped at the end.
//! Elsewhere it is one plain line for each thing begun. With `--quiet` it is
//! nothing. It never writes to standard output, and it never fails: a closed
//! standard error is no reason to stop the work.

use cargo_nix_protocol::{self as protocol, ProgressKind};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is done sooner than this is not shown on a terminal.
pub const PATIENCE: Duration = Duration::from_millis(150);

/// The display of one conversation with the evaluator. Dropping it ends it.
pub struct Progress {
    display: Display,
}

enum Display {
    Nothing,
    Lines(Lines),
    Terminal(Terminal),
}

impl Progress {
    /// The display that suits standard error; none if `quiet`.
    pub fn new(quiet: bool) -> Progress {
        if quiet {
            Progress {
                display: Display::Nothing,
            }
        } else if std::io::stderr().is_terminal() {
            Progress::on_terminal(PATIENCE, ProgressDrawTarget::stderr)
        } else {
            Progress::in_lines(Box::new(std::io::stderr()))
        }
    }

    fn in_lines(to: Box<dyn Write + Send>) -> Progress {
        Progress {
            display: Display::Lines(Lines {
                to,
                said: HashSet::new(),
            }),
        }
    }

    fn on_terminal(
        patience: Duration,
        target: impl FnOnce() -> ProgressDrawTarget + Send + 'static,
    ) -> Progress {
        Progress {
            display: Display::Terminal(Terminal::new(patience, target)),
        }
    }

    /// Takes note of a step.
    pub fn event(&mut self, event: &protocol::Progress) {
        match &mut self.display {
            Display::Nothing => {}
            Display::Lines(lines) => lines.event(event),
            Display::Terminal(terminal) => terminal.event(event),
        }
    }

    /// Ends the display and wipes what it drew, so that what is printed next
    /// stands alone. Further events are ignored.
    pub fn finish(&mut self) {
        if let Display::Terminal(terminal) = &mut self.display {
            terminal.finish();
        }
        self.display = Display::Nothing;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// `building openssl-3.5.1 (2 left)`; nothing for a line of a log.
fn headline(event: &protocol::Progress) -> Option<String> {
    let doing = match event.kind {
        ProgressKind::Evaluate => "evaluating",
        ProgressKind::Fetch => "fetching",
        ProgressKind::Import => "importing",
        ProgressKind::Build => "building",
        ProgressKind::Log => return None,
    };
    let left = match event.left {
        Some(left) if left > 0 => format!(" ({left} left)"),
        _ => String::new(),
    };
    Some(format!("{doing} {}{left}", printable(&event.what)))
}

/// Without escape sequences and control characters: a builder's output must
/// not move the user's cursor.
fn printable(text: &str) -> String {
    let plain = console::strip_ansi_codes(text);
    plain
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect()
}

/// One plain line for each thing begun, each once.
struct Lines {
    to: Box<dyn Write + Send>,
    said: HashSet<(ProgressKind, String)>,
}

impl Lines {
    fn event(&mut self, event: &protocol::Progress) {
        if let Some(line) = headline(event)
            && self.said.insert((event.kind, event.what.clone()))
        {
            // Nobody may be listening; the work goes on.
            let _ = writeln!(self.to, "{line}");
        }
    }
}

/// One line that changes. A thread of its own waits for [`PATIENCE`] to run
/// out and only then lets the line be drawn.
struct Terminal {
    bar: ProgressBar,
    headline: String,
    curtain: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Terminal {
    fn new(patience: Duration, target: impl FnOnce() -> ProgressDrawTarget + Send + 'static) -> Terminal {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        let (end, ended) = channel();
        let drawn = bar.clone();
        let thread = std::thread::spawn(move || raise(&drawn, &ended, patience, target));
        Terminal {
            bar,
            headline: String::new(),
            curtain: Some((end, thread)),
        }
    }

    fn event(&mut self, event: &protocol::Progress) {
        match headline(event) {
            Some(headline) => {
                self.bar.set_message(headline.clone());
                self.headline = headline;
            }
            None if self.headline.is_empty() => self.bar.set_message(printable(&event.what)),
            None => self
                .bar
                .set_message(format!("{}: {}", self.headline, printable(&event.what))),
        }
    }

    fn finish(&mut self) {
        if let Some((end, thread)) = self.curtain.take() {
            drop(end);
            // It cannot panic, and if it did, there is nothing to wipe.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

/// Lets `bar` be drawn, unless the end comes first.
fn raise(
    bar: &ProgressBar,
    ended: &Receiver<()>,
    patience: Duration,
    target: impl FnOnce() -> ProgressDrawTarget,
) {
    if ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
        bar.set_draw_target(target());
        bar.enable_steady_tick(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;
    use std::sync::{Arc, Mutex};

    fn step(kind: ProgressKind, what: &str, left: Option<u64>) -> protocol::Progress {
        protocol::Progress {
            kind,
            what: what.into(),
            left,
        }
    }

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the sink").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn elsewhere_each_thing_begun_is_one_plain_line_said_once() {
        let sink = Sink::default();
        let mut progress = Progress::in_lines(Box::new(sink.clone()));
        progress.event(&step(ProgressKind::Evaluate, "crate-env.nix", None));
        progress.event(&step(ProgressKind::Import, "rustc-1.95.0", None));
        progress.event(&step(ProgressKind::Fetch, "openssl-3.5.1", Some(2)));
        progress.event(&step(ProgressKind::Fetch, "openssl-3.5.1", Some(2)));
        progress.event(&step(ProgressKind::Log, "cc -c a.c", None));
        progress.event(&step(ProgressKind::Build, "rust-1.95.0\u{1b}[2J\r", Some(0)));
        progress.finish();
        progress.event(&step(ProgressKind::Build, "too-late", None));
        let text = String::from_utf8(sink.0.lock().expect("the sink").clone()).expect("UTF-8");
        assert_eq!(
            text,
            "evaluating crate-env.nix\nimporting rustc-1.95.0\nfetching openssl-3.5.1 (2 left)\nbuilding rust-1.95.0\n"
        );
    }

    /// A terminal as wide as most, and a display on it.
    fn on_terminal(patience: Duration) -> (InMemoryTerm, Progress) {
        let terminal = InMemoryTerm::new(4, 60);
        let target = terminal.clone();
        let target = move || ProgressDrawTarget::term_like_with_hz(Box::new(target), 200);
        let progress = Progress::on_terminal(patience, target);
        (terminal, progress)
    }

    /// What is drawn once something is.
    fn drawn(terminal: &InMemoryTerm) -> String {
        let some = (0..500).find_map(|_| {
            std::thread::sleep(Duration::from_millis(20));
            Some(terminal.contents()).filter(|text| text.contains(|c: char| c.is_alphabetic()))
        });
        some.expect("something is drawn after a while")
    }

    #[test]
    fn a_terminal_shows_the_step_and_its_log_and_is_wiped_at_the_end() {
        let (terminal, mut progress) = on_terminal(PATIENCE);
        progress.event(&step(ProgressKind::Build, "openssl-3.5.1", Some(3)));
        progress.event(&step(ProgressKind::Log, "\u{1b}[31mcc -c a.c\u{1b}[0m", None));
        let shown = drawn(&terminal);
        assert!(
            shown.contains("building openssl-3.5.1 (3 left): cc -c a.c"),
            "{shown}"
        );
        progress.finish();
        assert_eq!(terminal.contents(), "");
    }

    #[test]
    fn what_is_done_before_patience_runs_out_is_never_drawn() {
        let (terminal, mut progress) = on_terminal(Duration::from_secs(3600));
        progress.event(&step(ProgressKind::Evaluate, "crate-env.nix", None));
        progress.finish();
        assert_eq!(terminal.moves_since_last_check(), "");
    }

    #[test]
    fn a_log_line_wider_than_the_terminal_is_cut() {
        let (terminal, mut progress) = on_terminal(Duration::ZERO);
        progress.event(&step(ProgressKind::Log, &"x".repeat(500), None));
        assert_eq!(drawn(&terminal).lines().count(), 1);
        progress.finish();
    }
}
