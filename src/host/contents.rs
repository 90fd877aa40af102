//! Hashes of file contents, many at once, and identities made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Content hashes by path.
#[derive(Debug, Default)]
pub(super) struct Contents {
    hashes: BTreeMap<PathBuf, blake3::Hash>,
}

impl Contents {
    /// Reads and hashes `paths`, on all processors. A file that cannot be read
    /// has no hash; its absence then enters the identities.
    pub(super) fn read(paths: BTreeSet<PathBuf>) -> Contents {
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        let next = AtomicUsize::new(0);
        let hashes = Mutex::new(BTreeMap::new());
        let work = || {
            let mut mine = Vec::new();
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Some(hash) = hash_file(path) {
                    mine.push((path.clone(), hash));
                }
            }
            hashes
                .lock()
                .unwrap_or_else(|poison| poison.into_inner())
                .extend(mine);
        };
        std::thread::scope(|scope| {
            for _ in 1..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
            work();
        });
        Contents {
            hashes: hashes.into_inner().unwrap_or_else(|poison| poison.into_inner()),
        }
    }

    /// One hash, in hex, over the paths and contents of `files` and over `extra`.
    pub(super) fn identity(&self, extra: &str, files: &[PathBuf]) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(extra.as_bytes());
        for file in files.iter().collect::<BTreeSet<_>>() {
            hasher.update(&[0]);
            hasher.update(file.as_os_str().as_bytes());
            hasher.update(&[0]);
            if let Some(hash) = self.hashes.get(file) {
                hasher.update(hash.as_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }
}

fn hash_file(path: &Path) -> Option<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).ok()?).ok()?;
    Some(hasher.finalize())
}

/// All files below `path` (itself, if it is one), sorted; links to files are
/// files, links to directories are not entered, so that no cycle can trap us.
pub(super) fn files_below(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut pending = vec![path.to_path_buf()];
    while let Some(path) = pending.pop() {
        let Ok(entries) = std::fs::read_dir(&path) else {
            files.push(path);
            continue;
        };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => pending.push(entry.path()),
                Ok(kind) if kind.is_symlink() && entry.path().is_dir() => {}
                Ok(_) => files.push(entry.path()),
                Err(_) => {}
            }
        }
    }
    files.sort();
    files
}
