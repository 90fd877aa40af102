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
pub use status::{Desk, Phase, State, Status, now};

use crate::cache::Key;
use crate::cli::ObtainArgs;
use crate::error::{Error, Result};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A failure is not tried again for the same inputs before this has passed.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// Starts a job for the project in `directory`, detached from this process and
/// its terminal. A job that is at work already makes the new one end at once.
///
/// # Errors
/// [`Error::Io`] if this program cannot be started again.
pub fn start(directory: &Path, args: &ObtainArgs, allowed: bool) -> Result<()> {
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
        .map(drop)
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

/// What a shell should do about a project whose slot is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A job is at work for this key, or will be.
    Job,
    /// It failed a short while ago; this is what it said.
    Nothing(String),
}

/// Whether a job is wanted for `key`, given the last report.
pub fn wanted(last: Option<&Status>, key: &Key, now: u64) -> Wanted {
    match last {
        Some(Status {
            phase: Phase::Failed { message },
            key: Some(failed),
            at,
            ..
        }) if failed == key.as_str() && now.saturating_sub(*at) < RETRY_AFTER.as_nanos() as u64 => {
            Wanted::Nothing(message.clone())
        }
        _ => Wanted::Job,
    }
}
