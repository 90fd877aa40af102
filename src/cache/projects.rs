//! What is noted of each project, below `projects/<id>`: where it lies, which
//! slots it used last, when there was news for its shells.

use super::{Cache, Key, Slot, names, nanoseconds};
use crate::error::{Error, Result};
use crate::sealed;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How many slots of a project outlive `cargo-nix gc`.
pub const KEPT_SLOTS: usize = 5;

impl Cache {
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
    /// there, of those that are `wanted`; none that is impure unless `impure`.
    pub fn newest(&self, id: &str, impure: bool, wanted: impl Fn(&Key) -> bool) -> Option<Slot> {
        let history = self.history(id);
        let others = history.iter().rev().filter(|key| wanted(key));
        others
            .into_iter()
            .find_map(|key| self.slot(key).filter(|slot| impure || !slot.impure))
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
}
