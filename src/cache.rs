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

use crate::env::Env;
use crate::error::{Error, Result};
use crate::sealed;
use cargo_nix_protocol::Failure;
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
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

    /// A directory for one evaluation's snapshot, removed when dropped.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn scratch(&self) -> Result<tempfile::TempDir> {
        let snapshots = self.directory.join("snapshots");
        tempfile::Builder::new()
            .prefix("snapshot-")
            .tempdir_in(&snapshots)
            .map_err(Error::io("making a directory in", snapshots))
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
    /// there, that of `but` aside.
    pub fn newest(&self, id: &str, but: Option<&Key>) -> Option<Slot> {
        let history = self.history(id);
        let others = history.iter().rev().filter(|key| Some(*key) != but);
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

/// The name of a slot: a blake3 hash over all that an environment depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// What goes into a [`Key`].
#[derive(Clone, Debug)]
pub struct KeyParts<'a> {
    /// The input set.
    pub inputs: &'a blake3::Hash,
    /// The host set's description.
    pub host: &'a blake3::Hash,
    /// cargo-nix's own Nix library.
    pub library: &'a blake3::Hash,
    /// Nix's name of the machine.
    pub system: &'a str,
    /// The store directory: its paths stand in the environment.
    pub store: &'a OsStr,
    /// Whether the evaluation may read more than the input set.
    pub impure: bool,
    /// `EnvArguments::crates`.
    pub crates: &'a [String],
}

impl Key {
    /// The key of these parts.
    pub fn of(parts: &KeyParts<'_>) -> Key {
        let mut hasher = blake3::Hasher::new_derive_key("cargo-nix environment key 1");
        for hash in [parts.inputs, parts.host, parts.library] {
            hasher.update(hash.as_bytes());
        }
        for text in [parts.system.as_bytes(), parts.store.as_bytes()] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        hasher.update(&[u8::from(parts.impure)]);
        for name in parts.crates {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        Key(hasher.finalize().to_hex().to_string())
    }

    /// Its 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of this name, if it is one.
    pub fn parse(name: &str) -> Option<Key> {
        let digits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        (name.len() == 64 && name.chars().all(digits)).then(|| Key(name.to_owned()))
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

    #[test]
    fn each_part_changes_the_key_alone() {
        let (one, other) = (blake3::hash(b"1"), blake3::hash(b"2"));
        let parts = KeyParts {
            inputs: &one,
            host: &one,
            library: &one,
            crates: &[],
            system: "x86_64-linux",
            store: OsStr::new("/nix/store"),
            impure: false,
        };
        let all = [
            parts.clone(),
            KeyParts {
                inputs: &other,
                ..parts
            },
            KeyParts {
                host: &other,
                ..parts
            },
            KeyParts {
                library: &other,
                ..parts
            },
            KeyParts {
                system: "aarch64-linux",
                ..parts
            },
            KeyParts {
                store: OsStr::new("/gnu/store"),
                ..parts
            },
            KeyParts {
                impure: true,
                ..parts
            },
            // What leaves one field is not what enters the next.
            KeyParts {
                system: "x86_64-linux/nix",
                store: OsStr::new("/store"),
                ..parts
            },
        ];
        let keys: std::collections::BTreeSet<Key> = all.iter().map(Key::of).collect();
        assert_eq!(keys.len(), all.len());
        assert!(keys.contains(&Key::of(&parts)));
    }
}
