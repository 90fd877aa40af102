//! The process's streams. Events alone leave on what was standard output: the
//! descriptors 1 and 2 that libnix and its builders see are the write end of a
//! pipe, whose lines become progress.

use cargo_nix_protocol::Event;
use rustix::event::{PollFd, PollFlags, poll};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// Where events go: one JSON object a line, each written in one piece.
#[derive(Clone)]
pub struct Events(Arc<Mutex<File>>);

impl Events {
    /// Writes one event. That nobody reads it any more is found out by
    /// `end_with_reader`, so an error is no news here.
    pub fn send(&self, event: &Event) {
        let mut line = serde_json::to_vec(event).expect("events have string keys and no failing parts");
        line.push(b'\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = file.write_all(&line);
    }
}

/// The streams after [`take`].
pub struct Streams {
    /// The former standard output.
    pub events: Events,
    /// What libnix and its children say on standard output and error.
    pub chatter: File,
    /// The former standard error, for the panics and bugs of our own.
    pub complaints: File,
}

/// Moves the streams; called once, before libnix or another thread writes.
///
/// # Errors
/// The system has no descriptors left.
pub fn take() -> io::Result<Streams> {
    let events = keep(rustix::stdio::stdout())?;
    let complaints = keep(rustix::stdio::stderr())?;
    let (read, write) = rustix::pipe::pipe()?;
    rustix::io::fcntl_setfd(&read, rustix::io::FdFlags::CLOEXEC)?;
    rustix::stdio::dup2_stdout(&write)?;
    rustix::stdio::dup2_stderr(&write)?;
    Ok(Streams {
        events: Events(Arc::new(Mutex::new(File::from(events)))),
        chatter: File::from(read),
        complaints: File::from(complaints),
    })
}

/// A copy of `descriptor` above the standard ones that no child inherits.
fn keep(descriptor: std::os::fd::BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(descriptor, 3)?)
}

/// Ends this process when nobody reads its events any more: cargo-nix is gone,
/// however it went. Builders go with us, since libnix lets them die with their
/// parent. A pipe tells it on every platform; where the events go to a file,
/// there is no reader to lose.
///
/// # Errors
/// The system has no descriptors or threads left.
pub fn end_with_reader(events: &Events) -> io::Result<()> {
    let watched = events
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .try_clone()?;
    let watch = move || {
        loop {
            let mut descriptors = [PollFd::new(&watched, PollFlags::empty())];
            let polled = poll(&mut descriptors, None);
            if polled.is_ok()
                && descriptors[0]
                    .revents()
                    .intersects(PollFlags::ERR | PollFlags::HUP)
            {
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
            }
            if polled.is_ok_and(|_| descriptors[0].revents().contains(PollFlags::NVAL)) {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("reader-watch".to_owned())
        .spawn(watch)
        .map(drop)
}
