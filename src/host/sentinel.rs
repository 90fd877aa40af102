//! What must not have changed for a remembered description of the machine to
//! hold: a list of paths, and one digest over what `stat` says of them (inode,
//! size, modification and status-change time in ns; absence is a value too).
//!
//! Promises: a path that was replaced, written in place, removed or created
//! changes the digest, unless it changed back-dated *and* within one tick of
//! the kernel's clock of the recording; [`Stamp::youngest`] lets the recorder
//! refuse that case. The status-change time cannot be set by a program.
//!
//! Never: the contents of a file are not read here.

use rustix::fs::{CWD, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Above this many files, a tree is watched by its directories alone.
pub(super) const MANY: usize = 400;

/// The paths that are watched, by directory.
type Groups = BTreeMap<PathBuf, BTreeSet<OsString>>;

/// What is watched, in two tiers: the few paths that tell of nearly every
/// change, and all of them.
#[derive(Debug, Default)]
pub(super) struct Sentinel {
    few: Groups,
    all: Groups,
}

/// What `stat` says of all watched paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Over everything but names.
    pub(super) digest: blake3::Hash,
    /// The latest status-change time, in ns since 1970.
    pub(super) youngest: i128,
}

impl Sentinel {
    /// Watches one path, there or not; links are followed.
    pub(super) fn watch(&mut self, path: &Path) {
        insert(&mut self.all, path);
    }

    /// Watches a path in both tiers.
    pub(super) fn watch_closely(&mut self, path: &Path) {
        insert(&mut self.few, path);
        insert(&mut self.all, path);
    }

    /// Watches `files`: each of them if they are few, else the directories
    /// that hold them (which tell of additions, removals and renames into
    /// place, but not of a write in place).
    pub(super) fn watch_all(&mut self, files: &[PathBuf]) {
        let each = files.len() <= MANY;
        for file in files {
            if each {
                self.watch(file);
            } else if let Some(directory) = file.parent() {
                self.watch(directory);
            }
        }
    }

    /// The few paths, in the form that [`stamp`] takes.
    pub(super) fn few(&self) -> Vec<u8> {
        encode(&self.few)
    }

    /// All paths, in the form that [`stamp`] takes.
    pub(super) fn all(&self) -> Vec<u8> {
        encode(&self.all)
    }
}

fn insert(groups: &mut Groups, path: &Path) {
    if let (Some(directory), Some(name)) = (path.parent(), path.file_name()) {
        groups
            .entry(directory.to_path_buf())
            .or_default()
            .insert(name.to_os_string());
    }
}

/// `directory NUL (name NUL)* NUL`, repeated.
fn encode(groups: &Groups) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (directory, names) in groups {
        bytes.extend_from_slice(directory.as_os_str().as_bytes());
        bytes.push(0);
        for name in names {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0);
        }
        bytes.push(0);
    }
    bytes
}

/// Stats every path of an encoded [`Sentinel`].
pub(super) fn stamp(encoded: &[u8]) -> Stamp {
    let mut facts = Vec::with_capacity(encoded.len());
    let mut youngest = 0;
    let mut words = encoded.split(|byte| *byte == 0);
    while let Some(directory) = words.next().filter(|word| !word.is_empty()) {
        let path = Path::new(OsStr::from_bytes(directory));
        // Opened once, so that each name costs one short lookup.
        let open = rustix::fs::open(
            path,
            OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        );
        for name in words.by_ref().take_while(|word| !word.is_empty()) {
            let name = OsStr::from_bytes(name);
            let stat = match &open {
                Ok(directory) => rustix::fs::statat(directory, name, rustix::fs::AtFlags::empty()),
                Err(Errno::NOENT) => Err(Errno::NOENT),
                Err(_) => rustix::fs::statat(CWD, path.join(name), rustix::fs::AtFlags::empty()),
            };
            match stat {
                Ok(stat) => youngest = youngest.max(record(&stat, &mut facts)),
                Err(errno) => facts.extend_from_slice(&errno.raw_os_error().to_le_bytes()),
            }
            facts.push(0xff);
        }
    }
    Stamp {
        digest: blake3::hash(&facts),
        youngest,
    }
}

/// Appends the facts of one file; gives its status-change time.
// The field types differ between platforms, so some casts are idle on some.
#[allow(clippy::unnecessary_cast)]
fn record(stat: &Stat, facts: &mut Vec<u8>) -> i128 {
    let changed = i128::from(stat.st_ctime) * 1_000_000_000 + stat.st_ctime_nsec as i128;
    for number in [
        stat.st_ino as u64,
        stat.st_size as u64,
        stat.st_mode as u64,
        stat.st_mtime as u64,
        stat.st_mtime_nsec as u64,
        stat.st_ctime as u64,
        stat.st_ctime_nsec as u64,
    ] {
        facts.extend_from_slice(&number.to_le_bytes());
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_shows() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("f");
        let absent = directory.path().join("gone/away");
        let mut sentinel = Sentinel::default();
        sentinel.watch(&file);
        sentinel.watch(&absent);
        let encoded = sentinel.all();
        let mut seen = vec![stamp(&encoded).digest];
        let mut changed = |what: &str| {
            let now = stamp(&encoded).digest;
            assert_eq!(now, stamp(&encoded).digest, "stable after {what}");
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        std::fs::write(&file, "a").unwrap();
        changed("created");
        std::fs::write(&file, "ab").unwrap();
        changed("written in place");
        std::fs::create_dir(directory.path().join("gone")).unwrap();
        std::fs::write(&absent, "").unwrap();
        changed("appeared in a directory that was not there");
        std::fs::write(directory.path().join("g"), "ab").unwrap();
        std::fs::rename(directory.path().join("g"), &file).unwrap();
        changed("replaced");
    }
}
