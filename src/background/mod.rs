//! Evaluating and building while nobody waits: one job for each project, which
//! fills the slot of the inputs as they are and ends.
//!
//! ```text
//! prompt -> Look: no slot -> [start] -> job: hold the project's lock
//!                                          | child: `cargo-nix fill`
//!                                          | inputs change: kill, wait till quiet, again
//!                                          v
//!                                       status, stamp (rings at the shells)
//! ```
//!
//! Promises: at most one job a project; what a job fills is the last edit; it
//! ends when its work is done, its project is gone, or it is no longer allowed.
//! Never: a daemon, or an evaluation that the user has not allowed.

mod job;
mod status;

pub use job::run;
use status::Start;
pub use status::{Desk, Phase, State, Status, now};

use crate::cache::Key;
use crate::cli::ObtainArgs;
use crate::env::Look;
use crate::error::{Error, Result};
use crate::host::is_zombie;
use rustix::process::{Pid, test_kill_process};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The second job that is gone without a result is followed by another after this
/// long, each further one after twice as long.
const START_AGAIN: Duration = Duration::from_secs(3);
/// The process id of a job that has not reported for so long is somebody else's.
const SLOWEST_START: Duration = Duration::from_secs(60);
/// A failure is not tried again for the same inputs before this has passed.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// Starts a job for the project of `directory`, detached from this process and
/// its terminal, and gives its process id. A job that is at work already makes
/// the new one end at once.
///
/// # Errors
/// [`Error::Io`] if this program cannot be started again.
fn start(directory: &Path, args: &ObtainArgs, allowed: bool) -> Result<u32> {
    let program = std::env::current_exe().map_err(Error::io("finding", "cargo-nix itself"))?;
    // Else a shell that reads our output until it is closed would wait for the job.
    close_fds::set_fds_cloexec(3, &[]);
    let mut command = Command::new(&program);
    command.arg("background").arg("--project").arg(directory);
    pass_on(args, &mut command);
    if allowed {
        command.arg("--allowed");
    }
    command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(|job| job.id())
        .map_err(Error::io("starting", program))
}

/// The options that a child of ours needs to come to the same key.
fn pass_on(args: &ObtainArgs, command: &mut Command) {
    if args.impure {
        command.arg("--impure");
    }
    if args.offline {
        command.arg("--offline");
    }
}

/// What a shell may expect for inputs that have no slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Process id of the job that works for them, or is about to.
    pub job: Option<u32>,
    /// Why no environment is to be expected.
    pub failure: Option<String>,
}

/// Sees to it that a job works for `look`, which has no slot; or says why no
/// environment is to be expected. `allowed`: direnv has asked the user about
/// whatever is there. `asked_since`: whether the user has asked again since a
/// failure of that time.
pub fn ensure(
    look: &Look<'_>,
    args: &ObtainArgs,
    allowed: bool,
    asked_since: impl Fn(u64) -> bool,
) -> Outlook {
    let outcome = look.cache.make();
    let outcome = outcome.and_then(|()| begun(look, args, allowed, asked_since));
    outcome.unwrap_or_else(|error| Outlook {
        job: None,
        failure: Some(format!("error: {error}")),
    })
}

fn begun(
    look: &Look<'_>,
    args: &ObtainArgs,
    allowed: bool,
    asked_since: impl Fn(u64) -> bool,
) -> Result<Outlook> {
    let desk = Desk::of(&look.cache, &look.project.id().to_hex());
    let last = desk.read();
    if let Wanted::Nothing(message) = wanted(last.as_ref(), &look.key, now(), asked_since) {
        return Ok(Outlook {
            job: None,
            failure: Some(with_way_out(&message)),
        });
    }
    let open = desk.open_start(last.as_ref());
    // What another content did to its job says nothing about this one.
    let open = open.filter(|start| start.key == look.key.as_str() || start.lives());
    // A job takes the lock before it reports: looking at the lock only then, or
    // when it had the time for both, is in no new job's way.
    let working = last.filter(|last| last.phase == Phase::Working);
    let late = open.as_ref().is_some_and(|start| start.is_late(now()));
    if (working.is_some() || late) && desk.is_at_work() {
        return Ok(Outlook {
            job: working.map(|report| report.pid),
            failure: None,
        });
    }
    let lost = match open {
        Some(start) if !late => return Ok(start.outlook(&desk)),
        Some(start) => start.lost.saturating_add(1),
        None => 0,
    };
    // The time from before: the first report comes after it.
    let at = now();
    let pid = start(&look.start()?, args, allowed)?;
    let key = look.key.as_str().to_owned();
    let start = Start { at, pid, key, lost };
    desk.note_start(&start);
    Ok(start.outlook(&desk))
}

impl Start {
    fn lives(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| test_kill_process(pid).is_ok() && !is_zombie(pid))
    }

    /// Whether it is useless to go on waiting for its end, or its beginning.
    fn is_late(&self, now: u64) -> bool {
        let since = Duration::from_nanos(now.saturating_sub(self.at));
        match self.lost {
            _ if self.lives() => since > SLOWEST_START,
            // It may have found the lock taken by one that has ended since.
            0 => true,
            lost => since > pause(lost),
        }
    }

    /// The same words each time, so that they are told once. Nobody is left
    /// waiting for a job that is gone, and is not started again right now.
    fn outlook(&self, desk: &Desk) -> Outlook {
        let lives = self.lives();
        let hopeless = self.lost > 1 || self.lost > 0 && !lives;
        let failure = hopeless.then(|| {
            format!(
                "error: the job in the background ends before it is done; it is started again, less and less \
                 often ({})\n  `cargo nix env` does the same work, and says what is wrong",
                desk.lock().display()
            )
        });
        Outlook {
            job: Some(self.pid).filter(|_| lives),
            failure,
        }
    }
}

/// How long a job is not started again, of which so many are gone without a result.
fn pause(lost: u32) -> Duration {
    let doubled = 1u32.checked_shl(lost.saturating_sub(1)).unwrap_or(u32::MAX);
    START_AGAIN.saturating_mul(doubled).min(RETRY_AFTER)
}

/// What a shell should do about a project whose slot is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// A job is at work for this key, or will be.
    Job,
    /// It failed a short while ago; this is what it said.
    Nothing(String),
}

/// What a job said of its failure, and how it is tried again.
pub fn with_way_out(message: &str) -> String {
    format!(
        "{message}\n  the same is tried again in {} minutes at the earliest; `cargo nix env` tries at once",
        RETRY_AFTER.as_secs() / 60
    )
}

/// Whether a job is wanted for `key`, given the last report.
fn wanted(last: Option<&Status>, key: &Key, now: u64, asked_since: impl Fn(u64) -> bool) -> Wanted {
    match last {
        Some(Status {
            phase: Phase::Failed { message },
            key: Some(failed),
            at,
            ..
        }) if failed == key.as_str()
            && now.saturating_sub(*at) < RETRY_AFTER.as_nanos() as u64
            && !asked_since(*at) =>
        {
            Wanted::Nothing(message.clone())
        }
        _ => Wanted::Job,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_again_and_again_is_started_less_and_less_often() {
        let pauses: Vec<u64> = (1..5).map(|lost| pause(lost).as_secs()).collect();
        assert_eq!(pauses, [3, 6, 12, 24]);
        assert_eq!(pause(u32::MAX), RETRY_AFTER);
    }
}
