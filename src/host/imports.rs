//! Which components of toolchains are in the store already: `host/imports` in
//! the cache, `id` to store path.
//!
//! Promises: only store paths that exist are given; two processes that remember
//! at once both get their entries in (a lock beside the file). An entry is a
//! saving, never a proof: the evaluator finds out by itself what a path holds.

use crate::error::{Error, Result};
use crate::sealed;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

const KIND: &str = "imports";

fn file(cache_dir: &Path) -> PathBuf {
    cache_dir.join("host/imports")
}

fn read(cache_dir: &Path) -> BTreeMap<String, String> {
    sealed::read(&file(cache_dir), KIND)
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .unwrap_or_default()
}

/// Store paths by component id, those that exist now.
pub fn known(cache_dir: &Path) -> BTreeMap<String, String> {
    let mut known = read(cache_dir);
    known.retain(|_, path| Path::new(path).exists());
    known
}

/// Adds `id -> path`; entries whose path is gone are dropped on the way.
///
/// # Errors
/// [`Error::Io`] if the cache cannot be written.
pub fn remember(cache_dir: &Path, id: &str, path: &str) -> Result<()> {
    let directory = cache_dir.join("host");
    std::fs::create_dir_all(&directory).map_err(Error::io("creating", &directory))?;
    let lock_path = directory.join("imports.lock");
    let lock = File::create(&lock_path).map_err(Error::io("creating", &lock_path))?;
    lock.lock().map_err(Error::io("locking", &lock_path))?;
    let mut all = known(cache_dir);
    all.insert(id.to_string(), path.to_string());
    let payload = serde_json::to_vec(&all).unwrap_or_default();
    sealed::write(&file(cache_dir), KIND, &payload)
}

/// Forgets entries whose path is gone; how many those were. Nothing is written,
/// not even the lock, if there are none.
///
/// # Errors
/// [`Error::Io`] if the cache cannot be written.
pub fn forget_gone(cache_dir: &Path) -> Result<usize> {
    let gone = || {
        read(cache_dir)
            .values()
            .filter(|path| !Path::new(path).exists())
            .count()
    };
    if gone() == 0 {
        return Ok(0);
    }
    let lock_path = cache_dir.join("host/imports.lock");
    let lock = File::create(&lock_path).map_err(Error::io("creating", &lock_path))?;
    lock.lock().map_err(Error::io("locking", &lock_path))?;
    let forgotten = gone();
    let payload = serde_json::to_vec(&known(cache_dir)).unwrap_or_default();
    sealed::write(&file(cache_dir), KIND, &payload)?;
    Ok(forgotten)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_many_writers_are_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path();
        let path = cache.to_str().unwrap();
        std::thread::scope(|scope| {
            for n in 0..32 {
                scope.spawn(move || remember(cache, &format!("id{n}"), path).unwrap());
            }
        });
        assert_eq!(known(cache).len(), 32);
    }

    #[test]
    fn what_the_collector_took_is_not_known() {
        let directory = tempfile::tempdir().unwrap();
        remember(directory.path(), "there", directory.path().to_str().unwrap()).unwrap();
        remember(directory.path(), "gone", "/nonexistent/store/path").unwrap();
        assert_eq!(known(directory.path()).into_keys().collect::<Vec<_>>(), ["there"]);
        assert_eq!(forget_gone(directory.path()).unwrap(), 1);
        assert_eq!(read(directory.path()).len(), 1);
        assert_eq!(forget_gone(directory.path()).unwrap(), 0);
        std::fs::write(directory.path().join("host/imports"), "noise").unwrap();
        assert!(known(directory.path()).is_empty());
    }
}
