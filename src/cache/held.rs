//! What one process holds while it evaluates: the lock of the key, and a
//! directory for the snapshot. Both are given up by the system if the process is
//! killed.

use super::{Cache, Key, names, nanoseconds};
use crate::error::{Error, Result};
use crate::sealed;
use cargo_nix_protocol::Failure;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Opens a file to be locked, and makes it first where there is none. What it
/// holds stays.
///
/// # Errors
/// [`Error::Io`].
pub fn open_lock(path: &Path) -> Result<File> {
    let parent = path.parent().unwrap_or(path);
    crate::sealed::make_directory(parent).map_err(Error::io("making", parent))?;
    let mut options = File::options();
    let opened = options.create(true).truncate(false).write(true).open(path);
    opened.map_err(Error::io("opening", path))
}

impl Cache {
    /// The file that is locked by whoever fills the slot of `key`.
    pub fn lock_path(&self, key: &Key) -> PathBuf {
        self.directory.join("locks").join(key.as_str())
    }

    /// Takes the lock of `key`, waiting for whoever holds it. `began` is when
    /// the caller began to look at what gave the key; `offline`, whether it does
    /// without the network.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn lock(&self, key: &Key, began: SystemTime, offline: bool) -> Result<Lock> {
        let path = self.lock_path(key);
        let file = loop {
            let file = open_lock(&path)?;
            file.lock().map_err(Error::io("locking", &path))?;
            // `gc` removes locks that nobody holds; one that went while we
            // waited for it keeps nobody out.
            if is_still(&path, &file) {
                break file;
            }
        };
        Ok(Lock {
            _file: file,
            failure: path.with_extension("failure"),
            began: nanoseconds(began),
            offline,
        })
    }

    /// A directory for one evaluation's snapshot, removed when dropped; what
    /// processes left that were killed before that is removed now.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn scratch(&self) -> Result<Scratch> {
        let snapshots = self.directory.join("snapshots");
        for name in names(&snapshots) {
            let directory = snapshots.join(name);
            let lock = File::open(directory.join("lock"));
            if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
                let _ = fs::remove_dir_all(directory);
            }
        }
        let directory = tempfile::Builder::new()
            .prefix("snapshot-")
            .tempdir_in(&snapshots)
            .map_err(Error::io("making a directory in", &snapshots))?;
        // Locked before it is there under the name that others look for.
        let (new, lock) = (directory.path().join("new"), directory.path().join("lock"));
        let file = File::create(&new).map_err(Error::io("creating", &new))?;
        file.lock().map_err(Error::io("locking", &new))?;
        fs::rename(&new, &lock).map_err(Error::io("creating", &lock))?;
        Ok(Scratch {
            directory,
            _lock: file,
        })
    }
}

/// Whether `path` is the file that was opened there.
fn is_still(path: &Path, file: &File) -> bool {
    let identity = |stat: fs::Metadata| (stat.dev(), stat.ino());
    fs::metadata(path).ok().map(identity) == file.metadata().ok().map(identity)
}

/// A directory that is removed when this is dropped, or when the next one is
/// made after this process was killed.
#[derive(Debug)]
pub struct Scratch {
    directory: tempfile::TempDir,
    _lock: File,
}

impl Scratch {
    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// The right to fill a slot; given up when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    failure: PathBuf,
    began: u64,
    offline: bool,
}

#[derive(Serialize, Deserialize)]
struct LastFailure {
    ended: u64,
    /// It was to do without the network.
    offline: bool,
    failure: Failure,
}

impl Lock {
    /// The failure of an evaluation of this key that ended after we began, and
    /// had as much of the network as we: it is ours too.
    pub fn failure_meanwhile(&self) -> Option<Failure> {
        let last: LastFailure = serde_json::from_slice(&sealed::read(&self.failure, "failure")?).ok()?;
        (last.ended >= self.began && last.offline == self.offline).then_some(last.failure)
    }

    /// Leaves `failure` for those who wait.
    pub fn failed(&self, failure: &Failure) {
        let last = LastFailure {
            ended: nanoseconds(SystemTime::now()),
            offline: self.offline,
            failure: failure.clone(),
        };
        let payload = serde_json::to_vec(&last).expect("a failure is JSON");
        // Whoever waits evaluates again if this cannot be written.
        let _ = sealed::write(&self.failure, "failure", &payload);
    }

    /// Forgets an earlier failure: the slot is filled.
    pub fn succeeded(&self) {
        let _ = fs::remove_file(&self.failure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that is killed in the middle of an evaluation cannot remove
    /// its snapshot; one that is alive keeps it.
    #[test]
    fn what_killed_processes_left_is_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::new(directory.path().join("cache"));
        cache.make().expect("made");
        let left = cache.directory().join("snapshots/snapshot-left");
        fs::create_dir(&left).expect("a snapshot");
        fs::write(left.join("lock"), "").expect("its lock, which nobody holds");
        let alive = cache.scratch().expect("a snapshot");
        let other = cache.scratch().expect("another");
        assert!(!left.exists());
        assert!(alive.path().exists() && other.path().exists());
    }

    /// Who has the network need not fail as somebody without it did.
    #[test]
    fn a_failure_is_shared_with_those_who_had_as_much_of_the_network() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::new(directory.path().join("cache"));
        let key = Key::parse(&"0".repeat(32)).expect("a key");
        let failure = Failure {
            doing: "fetching".into(),
            message: "offline".into(),
            position: None,
            hint: None,
            trace: None,
            log: Vec::new(),
            kind: cargo_nix_protocol::FailureKind::Build,
            others: Vec::new(),
        };
        cache
            .lock(&key, SystemTime::UNIX_EPOCH, true)
            .expect("the lock")
            .failed(&failure);
        let shared = |offline| {
            let lock = cache
                .lock(&key, SystemTime::UNIX_EPOCH, offline)
                .expect("the lock");
            lock.failure_meanwhile()
        };
        assert_eq!(shared(true), Some(failure));
        assert_eq!(shared(false), None);
    }
}
