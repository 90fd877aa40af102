//! Slots of realised environments, by key; for each project the keys it used
//! last. Every entry can be deleted, truncated or filled with noise without
//! more than time being lost: what does not check out counts as absent.
//!
//! Below the cache directory:
//! - `slots/<key>/slot`: the environment; `slots/<key>/units`: what cargo's units
//!   are built with; `slots/<key>/env` and `input-N`: GC roots, made by the evaluator
//! - `overrides/<key without the machine>`: which lines of Cargo.lock count for it
//! - `pinned/<key without the machine>`: which slot serves it on any machine
//! - `projects/<id>/path`, `history`: where the project is, which slots it used
//! - `projects/<id>/stamp`: see [`Cache::ring`]
//! - `locks/<key>`: taken by whoever fills the slot; holds the last failure
//! - `snapshots/`: input sets under evaluation

mod held;
mod key;
mod overrides;
mod pinned;
mod projects;
pub mod units;

pub use held::{Lock, Scratch, open_lock};
pub use key::{Key, KeyParts};
pub use projects::KEPT_SLOTS;

use crate::env::{CrateEntry, Env};
use crate::error::{Error, Result};
use crate::sealed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The cache directory, which need not exist yet.
#[derive(Clone, Debug)]
pub struct Cache {
    directory: PathBuf,
}

/// A realised environment, as it is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Store path of the environment.
    pub path: String,
    /// What is in it.
    pub env: Env,
    /// Warnings of its evaluation, to be told to whoever uses it; the project's
    /// root, which is not part of the key, stands in them as [`ROOT`].
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Names below `crates` that Cargo.lock should have; that is no part of the key,
    /// so whoever uses the slot compares them with it as it is then.
    #[serde(default)]
    pub crates: Vec<CrateEntry>,
    /// The variables of packages ([`units::variable`]); `None`: cargo's units are
    /// not built with this environment.
    #[serde(default)]
    pub units: Option<BTreeMap<String, String>>,
    /// It was evaluated with `--impure`: only who asks for such a one is to have it.
    #[serde(default)]
    pub impure: bool,
}

/// Stands for the project's root in [`Slot::warnings`]: a character that no
/// warning has.
pub const ROOT: &str = "\u{1}";

impl Cache {
    /// The cache below `directory`; nothing is read or made.
    pub fn new(directory: PathBuf) -> Cache {
        Cache { directory }
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the directory, for this user's eyes alone, unless it is there; and
    /// proves that it can be written.
    ///
    /// # Errors
    /// [`Error::Io`] with the directory.
    pub fn make(&self) -> Result<()> {
        let doing = "writing the cache";
        let above = self.directory.parent().unwrap_or(&self.directory);
        fs::create_dir_all(above).map_err(Error::io(doing, &self.directory))?;
        // The mode of one that is there already is its owner's choice.
        sealed::make_directory(&self.directory.join("snapshots"))
            .map_err(Error::io(doing, &self.directory))?;
        tempfile::tempfile_in(self.directory.join("snapshots"))
            .map(drop)
            .map_err(Error::io(doing, &self.directory))
    }

    /// Whether the system would let it be written, as far as that can be told
    /// without writing: a full disk is not seen.
    ///
    /// # Errors
    /// As of [`Cache::make`].
    pub fn writable(&self) -> Result<()> {
        let place = self.directory.join("snapshots");
        let there = place.ancestors().find(|above| above.exists());
        let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        rustix::fs::access(there.unwrap_or(&self.directory), access)
            .map_err(|error| Error::io("writing the cache", &self.directory)(error.into()))
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

    /// Where the slot of `key`, and the GC roots of what it needs, are.
    pub fn slot_directory(&self, key: &Key) -> PathBuf {
        self.directory.join("slots").join(key.as_str())
    }

    /// The slot of `key`, if there is one and its store path and its GC root
    /// are still there; with the variables that make cargo ask us.
    pub fn slot(&self, key: &Key) -> Option<Slot> {
        let directory = self.slot_directory(key);
        let mut slot: Slot = serde_json::from_slice(&sealed::read(&directory.join("slot"), "slot")?).ok()?;
        let rooted = fs::read_link(directory.join("env")).ok()?;
        let is_there = rooted == Path::new(&slot.path) && fs::symlink_metadata(&slot.path).is_ok();
        (is_there && slot.equip(&directory, &self.directory)).then_some(slot)
    }

    /// The slot as [`Cache::slot`] would give it.
    pub fn equipped(&self, key: &Key, mut slot: Slot) -> Slot {
        slot.equip(&self.slot_directory(key), &self.directory);
        slot
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

    /// The keys of all slots.
    pub fn slots(&self) -> Vec<Key> {
        names(&self.directory.join("slots"))
            .iter()
            .filter_map(|name| Key::parse(name))
            .collect()
    }
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

/// Nanoseconds since 1970.
fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_there_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().join("above/cache");
        let mode = || fs::metadata(&place).expect("the cache").permissions().mode() & 0o777;
        let cache = Cache::new(place.clone());
        cache.make().expect("made");
        assert_eq!(mode(), 0o700);
        fs::set_permissions(&place, fs::Permissions::from_mode(0o750)).expect("another mode");
        cache.make().expect("made again");
        assert_eq!(mode(), 0o750);
    }
}
