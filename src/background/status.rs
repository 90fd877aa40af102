//! What the background does for a project, as shells and users are told:
//! one sealed file for each project, replaced as a whole at each step.

use crate::cache::{Cache, Key, open_lock};
use crate::error::{Error, Result};
use crate::sealed;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A job that finds the lock of another tries again this often, as far apart as
/// [`BETWEEN_TRIES`]: the other may be about to end.
const TRIES: u32 = 5;
/// Whoever asks whether a job is at work holds its lock for microseconds, or
/// longer where others have the processor: no reason for a job to end.
const PATIENCE: u32 = 1000;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);
/// What a job says beyond this is not kept.
const LOG: u64 = 1 << 20;
/// The last line then.
const MORE: &str = "(more was said, which is not kept)";

/// `$CARGO_NIX_STATUS`, and the answer of `cargo-nix status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The environment is that of the inputs as they are.
    Ready,
    /// There is none yet; it is being evaluated and built.
    Building,
    /// An older one is applied while the new one is evaluated and built.
    Stale,
    /// The last evaluation failed; an older one may be applied.
    Failed,
}

impl State {
    /// Its name, as `$CARGO_NIX_STATUS` holds it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Building => "building",
            State::Stale => "stale",
            State::Failed => "failed",
        }
    }
}

/// What a job does or how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether the job goes on, is done, or failed.
    pub phase: Phase,
    /// The key it fills, as far as it knows it.
    pub key: Option<String>,
    /// Process id of the job.
    pub pid: u32,
    /// Nanoseconds since 1970 at which the job began.
    pub began: u64,
    /// Nanoseconds since 1970 of this very report.
    pub at: u64,
    /// What it does at the moment, e.g. `building openssl-3.0.2`.
    pub doing: String,
    /// How many derivations are at most left, if known.
    pub left: Option<u64>,
}

/// A start of a job, noted by whoever started it: a job that dies at once
/// leaves nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Start {
    /// Nanoseconds since 1970.
    pub at: u64,
    /// Process id of the job.
    pub pid: u32,
    /// The key that it was started for.
    pub key: String,
    /// So many jobs before this one, for the same key, were gone without a result.
    pub lost: u32,
}

/// Where a job is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Phase {
    /// It goes on, if its process still exists.
    Working,
    /// The slot of the key is filled.
    Done,
    /// It failed with this message.
    Failed {
        /// As `cargo-nix env` would have printed it.
        message: String,
    },
}

/// The files of one project's background.
#[derive(Clone, Debug)]
pub struct Desk {
    directory: PathBuf,
}

impl Desk {
    /// The desk of the project with this id.
    pub fn of(cache: &Cache, project: &str) -> Desk {
        Desk {
            directory: cache.directory().join("projects").join(project),
        }
    }

    /// Held by the one job that works for this project.
    pub fn lock(&self) -> PathBuf {
        self.directory.join("job")
    }

    /// Takes the lock, for as long as the file lives; `None` if another job has it.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn hold(&self) -> Result<Option<File>> {
        let file = open_lock(&self.lock())?;
        let (mut jobs, mut askers) = (0, 0);
        while jobs < TRIES && askers < PATIENCE {
            if file.try_lock().is_ok() {
                return Ok(Some(file));
            }
            // Whoever asks shares the lock; a job does not.
            match file.try_lock_shared() {
                Ok(()) => askers += 1,
                Err(_) => jobs += 1,
            }
            let _ = file.unlock();
            thread::sleep(BETWEEN_TRIES);
        }
        Ok(None)
    }

    /// Whether a job is at work. The lock says so, not the last report: a job
    /// that was killed, or whose machine went down, reports no end.
    pub fn is_at_work(&self) -> bool {
        File::open(self.lock()).is_ok_and(|file| file.try_lock_shared().is_err())
    }

    /// Forgets the last report, and that a job was started.
    pub fn clear(&self) {
        let _ = fs::remove_file(self.directory.join("status"));
        let _ = fs::remove_file(self.directory.join("started"));
    }

    /// Forgets how the last job ended: the user asks again.
    pub fn forgive(&self) {
        if !self.is_at_work() {
            self.clear();
        }
    }

    /// The last start of a job, if that job has reported no end. `last`: the last
    /// report.
    pub(super) fn open_start(&self, last: Option<&Status>) -> Option<Start> {
        let payload = sealed::read(&self.directory.join("started"), "started")?;
        let start: Start = serde_json::from_slice(&payload).ok()?;
        let open = |last: &Status| last.at < start.at || last.phase == Phase::Working;
        last.is_none_or(open).then_some(start)
    }

    /// What has become of a job that was started after the `last` report and has
    /// said nothing: whether it lives; `None` if there is none.
    pub fn silent_lives(&self, last: Option<&Status>) -> Option<bool> {
        let start = self.open_start(last)?;
        let silent = last.is_none_or(|last| last.at < start.at);
        silent.then(|| start.lives())
    }

    /// Notes a start. If that cannot be written, nobody learns of a job that
    /// dies at once; the work is done all the same.
    pub(super) fn note_start(&self, start: &Start) {
        let payload = serde_json::to_vec(start).expect("a start is JSON");
        let _ = sealed::write(&self.directory.join("started"), "started", &payload);
    }

    /// What the job said, line by line.
    pub fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// The last report, if there is one.
    pub fn read(&self) -> Option<Status> {
        serde_json::from_slice(&sealed::read(&self.directory.join("status"), "status")?).ok()
    }

    /// Reports.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
    pub fn write(&self, status: &Status) -> Result<()> {
        let payload = serde_json::to_vec(status).expect("a status is JSON");
        sealed::write(&self.directory.join("status"), "status", &payload)
    }

    /// The message of the failure, if the last job for `key` failed.
    pub fn failure_of(&self, key: &Key) -> Option<String> {
        let status = self.read()?;
        match status.phase {
            Phase::Failed { message } if status.key.as_deref() == Some(key.as_str()) => Some(message),
            _ => None,
        }
    }
}

/// The log of one job, which does not grow beyond a megabyte.
pub(super) struct Log {
    file: File,
    room: u64,
    full: bool,
}

impl Log {
    pub(super) fn begin(desk: &Desk) -> Result<Log> {
        let file = File::create(desk.log()).map_err(Error::io("writing", desk.log()))?;
        Ok(Log {
            file,
            room: LOG,
            full: false,
        })
    }

    /// A log that cannot be written is no reason to stop the work.
    pub(super) fn line(&mut self, line: &str) {
        let size = line.len() as u64 + 1;
        match self.room.checked_sub(size) {
            _ if self.full => {}
            Some(room) => {
                self.room = room;
                let _ = writeln!(self.file, "{line}");
            }
            None => {
                self.full = true;
                let _ = writeln!(self.file, "{MORE}");
            }
        }
    }
}

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_keeps_no_job_from_its_work_and_another_job_does() {
        let directory = tempfile::tempdir().expect("a directory");
        let desk = Desk {
            directory: directory.path().to_path_buf(),
        };
        drop(desk.hold().expect("the lock").expect("nobody has it"));
        let asker = File::open(desk.lock()).expect("the lock");
        asker.try_lock_shared().expect("nobody has it");
        let waiting = thread::spawn({
            let desk = desk.clone();
            move || desk.hold().expect("the lock").is_some()
        });
        thread::sleep(BETWEEN_TRIES * (TRIES + 5));
        asker.unlock().expect("it is given back");
        assert!(waiting.join().expect("it ends"), "the job goes on");

        let held = desk.hold().expect("the lock").expect("nobody has it");
        assert!(desk.hold().expect("the lock").is_none());
        assert!(desk.is_at_work());
        drop(held);
        assert!(!desk.is_at_work());
    }

    #[test]
    fn a_log_has_a_bound_and_says_that_more_was_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let desk = Desk {
            directory: directory.path().to_path_buf(),
        };
        let mut log = Log::begin(&desk).expect("a log");
        let line = "x".repeat(1023);
        for _ in 0..3 * LOG / 1024 {
            log.line(&line);
        }
        let text = fs::read_to_string(desk.log()).expect("the log");
        assert_eq!(text.len() as u64, LOG + MORE.len() as u64 + 1);
        assert!(text.ends_with(&format!("{line}\n{MORE}\n")));
    }
}
