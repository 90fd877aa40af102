//! What the background does for a project, as shells and users are told:
//! one sealed file for each project, replaced as a whole at each step.

use crate::cache::{Cache, Key};
use crate::error::Result;
use crate::sealed;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

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

    /// Rewritten whenever a job ends: shells watch it.
    pub fn stamp(&self) -> PathBuf {
        self.directory.join("stamp")
    }

    /// Held by the one job that works for this project.
    pub fn lock(&self) -> PathBuf {
        self.directory.join("job")
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

    /// Tells the shells that something has ended.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
    pub fn ring(&self) -> Result<()> {
        sealed::write(&self.stamp(), "stamp", now().to_string().as_bytes())
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

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos() as u64)
}
