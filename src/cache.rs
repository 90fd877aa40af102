//! Slots of realised environments, by key; for each project the keys it used
//! last. Every entry can be deleted, truncated or filled with noise without
//! more than time being lost: what does not check out counts as absent.
//!
//! Below the cache directory:
//! - `slots/<key>/slot`: the environment; `slots/<key>/env` and `input-N`: GC
//!   roots, made by the evaluator
//! - `projects/<id>/path`, `history`: where the project is, which slots it used
//! - `projects/<id>/stamp`: see [`Cache::ring`]
//! - `locks/<key>`: taken by whoever fills the slot; holds the last failure
//! - `snapshots/`: input sets under evaluation

mod key;

pub use key::{Key, KeyParts};

use crate::env::Env;
use crate::error::{Error, Result};
use crate::sealed;
use cargo_nix_protocol::Failure;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many slots of a project outlive `cargo-nix gc`.
pub const KEPT_SLOTS: usize = 5;

/// The cache directory, which need not exist yet.
#[derive(Clone, Debug)]
pub struct Cache {
    directory: PathBuf,
}

/// A realised environment, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Store path of the environment.
    pub path: String,
    /// What is in it.
    pub env: Env,
}

impl Cache {
    /// The cache below `directory`; nothing is read or made.
    pub fn new(directory: PathBuf) -> Cache {
        Cache { directory }
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the directory, for this user's eyes alone, and proves that it can be
    /// written.
    ///
    /// # Errors
    /// [`Error::Io`] with the directory.
    pub fn make(&self) -> Result<()> {
        let doing = "writing the cache";
        fs::create_dir_all(self.directory.join("snapshots")).map_err(Error::io(doing, &self.directory))?;
        let found = fs::metadata(&self.directory).map_err(Error::io(doing, &self.directory))?;
        if found.permissions().mode() & 0o077 != 0 {
            // A file system that has no modes is no reason to stop.
            let _ = fs::set_permissions(&self.directory, fs::Permissions::from_mode(0o700));
        }
        tempfile::tempfile_in(self.directory.join("snapshots"))
            .map(drop)
            .map_err(Error::io(doing, &self.directory))
    }

    /// A cache in the machine's directory for temporary files, for when this one
    /// cannot be written; what is known of the machine is taken along. It goes
    /// when the directory is dropped.
    ///
    /// # Errors
    /// [`Error::Io`] if not even that can be written.
    pub fn substitute(&self) -> Result<(Cache, tempfile::TempDir)> {
        let above = std::env::temp_dir();
        let directory = tempfile::Builder::new()
            .prefix("cargo-nix-")
            .tempdir_in(&above)
            .map_err(Error::io("making a directory in", above))?;
        let cache = Cache::new(directory.path().to_path_buf());
        cache.make()?;
        let host = directory.path().join("host");
        fs::create_dir(&host).map_err(Error::io("making", &host))?;
        for name in names(&self.directory.join("host")) {
            // What could not be copied is looked for again.
            let _ = fs::copy(self.directory.join("host").join(&name), host.join(&name));
        }
        Ok((cache, directory))
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

    /// Where the slot of `key`, and the GC roots of what it needs, are.
    pub fn slot_directory(&self, key: &Key) -> PathBuf {
        self.directory.join("slots").join(key.as_str())
    }

    /// The slot of `key`, if there is one and its store path and its GC root
    /// are still there.
    pub fn slot(&self, key: &Key) -> Option<Slot> {
        let directory = self.slot_directory(key);
        let slot: Slot = serde_json::from_slice(&sealed::read(&directory.join("slot"), "slot")?).ok()?;
        let rooted = fs::read_link(directory.join("env")).ok()?;
        (rooted == Path::new(&slot.path) && fs::symlink_metadata(&slot.path).is_ok()).then_some(slot)
    }

    /// Stores the slot of `key`; the evaluator has made its roots already.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn fill(&self, key: &Key, slot: &Slot) -> Result<()> {
        let payload = serde_json::to_vec(slot).expect("a slot is JSON");
        sealed::write(&self.slot_directory(key).join("slot"), "slot", &payload)
    }

    /// Removes what an evaluation that failed left in the slot of `key`.
    pub fn give_up(&self, key: &Key) {
        let directory = self.slot_directory(key);
        if !directory.join("slot").exists() {
            let _ = fs::remove_dir_all(directory);
        }
    }

    /// Takes the lock of `key`, waiting for whoever holds it. `began` is when
    /// the caller began to look at what gave the key.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn lock(&self, key: &Key, began: SystemTime) -> Result<Lock> {
        let path = self.directory.join("locks").join(key.as_str());
        fs::create_dir_all(path.parent().expect("locks/")).map_err(Error::io("making", &path))?;
        let file = loop {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(Error::io("opening", &path))?;
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
        })
    }

    /// Notes that the project `id` at `directory` uses `key` now. Writes only
    /// when that is news.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn remember(&self, id: &str, directory: &Path, key: &Key) -> Result<()> {
        let mut history = self.history(id);
        if history.last() == Some(key) {
            return Ok(());
        }
        history.retain(|other| other != key);
        history.push(key.clone());
        let excess = history.len().saturating_sub(KEPT_SLOTS);
        history.drain(..excess);
        let project = self.directory.join("projects").join(id);
        sealed::write(&project.join("path"), "path", directory.as_os_str().as_bytes())?;
        let lines: Vec<&str> = history.iter().map(Key::as_str).collect();
        sealed::write(&project.join("history"), "history", lines.join("\n").as_bytes())
    }

    /// Notes where the project `id` lies, unless that is known. Whoever makes
    /// the project's directory in the cache does this first.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn note_place(&self, id: &str, directory: &Path) -> Result<()> {
        let place = self.directory.join("projects").join(id).join("path");
        if sealed::read(&place, "path").is_some() {
            return Ok(());
        }
        sealed::write(&place, "path", directory.as_os_str().as_bytes())
    }

    /// Rewritten whenever there is news for those who are in the project `id`:
    /// shells watch it.
    pub fn stamp(&self, id: &str) -> PathBuf {
        self.directory.join("projects").join(id).join("stamp")
    }

    /// Rewrites the stamp. Its time is always later than before by a second at
    /// least: direnv compares whole seconds.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn ring(&self, id: &str) -> Result<()> {
        let stamp = self.stamp(id);
        let rung = fs::metadata(&stamp).and_then(|stamp| stamp.modified()).ok();
        sealed::write(
            &stamp,
            "stamp",
            nanoseconds(SystemTime::now()).to_string().as_bytes(),
        )?;
        if let Some(least) = rung.map(|rung| rung + Duration::from_secs(1))
            && SystemTime::now() < least
        {
            File::open(&stamp)
                .and_then(|file| file.set_modified(least))
                .map_err(Error::io("writing", &stamp))?;
        }
        Ok(())
    }

    /// The keys that the project `id` used last, the newest at the end.
    pub fn history(&self, id: &str) -> Vec<Key> {
        let path = self.directory.join("projects").join(id).join("history");
        let payload = sealed::read(&path, "history").unwrap_or_default();
        String::from_utf8_lossy(&payload)
            .lines()
            .filter_map(Key::parse)
            .collect()
    }

    /// The environment that the project `id` used last and that is still
    /// there, of those that are `wanted`.
    pub fn newest(&self, id: &str, wanted: impl Fn(&Key) -> bool) -> Option<Slot> {
        let history = self.history(id);
        let others = history.iter().rev().filter(|key| wanted(key));
        others.into_iter().find_map(|key| self.slot(key))
    }

    /// All projects that were ever seen: their id, and their directory if known.
    pub fn projects(&self) -> Vec<(String, Option<PathBuf>)> {
        let directory = self.directory.join("projects");
        let path_of = |id: &str| {
            sealed::read(&directory.join(id).join("path"), "path")
                .map(|bytes| PathBuf::from(OsString::from_vec(bytes)))
        };
        names(&directory)
            .into_iter()
            .map(|id| (id.clone(), path_of(&id)))
            .collect()
    }

    /// The keys of all slots.
    pub fn slots(&self) -> Vec<Key> {
        names(&self.directory.join("slots"))
            .iter()
            .filter_map(|name| Key::parse(name))
            .collect()
    }
}

/// Whether `path` is the file that was opened there.
fn is_still(path: &Path, file: &File) -> bool {
    let identity = |stat: fs::Metadata| (stat.dev(), stat.ino());
    fs::metadata(path).ok().map(identity) == file.metadata().ok().map(identity)
}

/// The names in a directory; none if it cannot be read.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
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
}

#[derive(Serialize, Deserialize)]
struct LastFailure {
    ended: u64,
    failure: Failure,
}

impl Lock {
    /// The failure of an evaluation of this key that ended after we began: it
    /// is ours too.
    pub fn failure_meanwhile(&self) -> Option<Failure> {
        let last: LastFailure = serde_json::from_slice(&sealed::read(&self.failure, "failure")?).ok()?;
        (last.ended >= self.began).then_some(last.failure)
    }

    /// Leaves `failure` for those who wait.
    pub fn failed(&self, failure: &Failure) {
        let last = LastFailure {
            ended: nanoseconds(SystemTime::now()),
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

/// Nanoseconds since 1970.
fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos() as u64)
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
}
