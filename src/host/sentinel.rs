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

use super::platform;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Above this many files, a tree is watched by its directories alone.
pub(super) const MANY: usize = 400;

/// A directory is opened for the paths below it if it takes so many names off
/// them in all: to walk through one costs a thirtieth of an open and a close.
const WORTH_OPENING: usize = 30;

/// What is watched, in two tiers: the few paths that tell of nearly every
/// change, and all of them. What an installer renames into place its directory
/// tells of, and is in the second tier alone; what somebody may write in place
/// is in both.
#[derive(Debug, Default)]
pub(super) struct Sentinel {
    few: BTreeSet<PathBuf>,
    all: BTreeSet<PathBuf>,
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
        self.all.insert(path.to_path_buf());
    }

    /// Watches a path in both tiers.
    pub(super) fn watch_closely(&mut self, path: &Path) {
        self.few.insert(path.to_path_buf());
        self.all.insert(path.to_path_buf());
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

/// `directory NUL (path below it NUL)* NUL`, repeated.
fn encode(paths: &BTreeSet<PathBuf>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (directory, below) in grouped(paths) {
        for word in std::iter::once(&directory).chain(&below) {
            bytes.extend_from_slice(word.as_os_str().as_bytes());
            bytes.push(0);
        }
        bytes.push(0);
    }
    bytes
}

/// The paths by the directories that are worth opening for them; from `/` the
/// rest.
fn grouped(paths: &BTreeSet<PathBuf>) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let parents = paths.iter().flat_map(|path| path.ancestors().skip(1));
    let parents: BTreeSet<&Path> = parents.filter(|parent| parent.parent().is_some()).collect();
    let mut left = paths.clone();
    let mut groups = Vec::new();
    // The deepest first: in reverse order, what is below comes before.
    for directory in parents.into_iter().rev() {
        let below = left.range::<Path, _>((std::ops::Bound::Excluded(directory), std::ops::Bound::Unbounded));
        let below: Vec<PathBuf> = below
            .take_while(|path| path.starts_with(directory))
            .cloned()
            .collect();
        if below.len() * (directory.components().count() - 1) >= WORTH_OPENING {
            let relative = |path: &PathBuf| path.strip_prefix(directory).ok().map(Path::to_path_buf);
            groups.push((
                directory.to_path_buf(),
                below.iter().filter_map(relative).collect(),
            ));
            for path in &below {
                left.remove(path);
            }
        }
    }
    let rest = left
        .iter()
        .filter_map(|path| path.strip_prefix("/").ok().map(Path::to_path_buf));
    groups.push((
        PathBuf::from("/"),
        rest.filter(|path| !path.as_os_str().is_empty()).collect(),
    ));
    groups
}

/// Facts are hashed when there are so many bytes of them: a page, used again.
const AT_ONCE: usize = 4 << 10;

/// Stats every path of an encoded [`Sentinel`].
pub(super) fn stamp(encoded: &[u8]) -> Stamp {
    let mut facts = Vec::with_capacity(AT_ONCE + 64);
    let mut hasher = blake3::Hasher::new();
    let mut youngest = 0;
    let mut rest = encoded;
    while let Some(directory) = next(&mut rest) {
        // Opened once, so that each path costs a short lookup.
        let open = rustix::fs::open(
            directory,
            OFlags::DIRECTORY | OFlags::CLOEXEC | platform::LOOKUP_ONLY,
            Mode::empty(),
        );
        while let Some(path) = next(&mut rest) {
            let stat = match &open {
                Ok(directory) => rustix::fs::statat(directory, path, AtFlags::empty()),
                Err(Errno::NOENT) => Err(Errno::NOENT),
                Err(_) => {
                    let whole = path_of(directory).join(path_of(path));
                    rustix::fs::statat(CWD, whole, AtFlags::empty())
                }
            };
            match stat {
                Ok(stat) => youngest = youngest.max(record(&stat, &mut facts)),
                Err(errno) => facts.extend_from_slice(&errno.raw_os_error().to_le_bytes()),
            }
            facts.push(0xff);
            if facts.len() >= AT_ONCE {
                hasher.update(&facts);
                facts.clear();
            }
        }
    }
    Stamp {
        digest: hasher.update(&facts).finalize(),
        youngest,
    }
}

/// The next word; `None` at the end of a group, and of all.
fn next<'a>(rest: &mut &'a [u8]) -> Option<&'a CStr> {
    let word = CStr::from_bytes_until_nul(rest).ok()?;
    *rest = &rest[word.count_bytes() + 1..];
    (!word.is_empty()).then_some(word)
}

fn path_of(word: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(word.to_bytes()))
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

    /// Few files are statted from the root, many from their directory.
    #[test]
    fn every_change_shows() {
        for company in [0, 40] {
            changes_show(company);
        }
    }

    fn changes_show(company: usize) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("f");
        let absent = directory.path().join("gone/away");
        let mut sentinel = Sentinel::default();
        sentinel.watch(&file);
        sentinel.watch(&absent);
        for number in 0..company {
            sentinel.watch(&directory.path().join(format!("company/{number}")));
        }
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
        for number in 0..company {
            let directory = directory.path().join("company");
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(directory.join(number.to_string()), "").unwrap();
            changed("one of many");
        }
    }

    /// What is opened, and what is statted in it, is together what was watched.
    #[test]
    fn groups_lose_nothing() {
        let paths: BTreeSet<PathBuf> = ["/a", "/a/b", "/usr/lib", "/usr/lib/x/y/one", "/usr/lib/x/y"]
            .into_iter()
            .map(PathBuf::from)
            .chain((0..40).map(|number| PathBuf::from(format!("/usr/lib/x/{}/{number}", number % 2))))
            .collect();
        let groups = grouped(&paths);
        let opened: Vec<&Path> = groups.iter().map(|(directory, _)| directory.as_path()).collect();
        assert_eq!(opened, ["/usr/lib/x/1", "/usr/lib/x/0", "/"].map(Path::new));
        let all: BTreeSet<PathBuf> = groups
            .iter()
            .flat_map(|(directory, below)| below.iter().map(|path| directory.join(path)))
            .collect();
        assert_eq!(all, paths);
    }
}
