//! The stat manifest: what a discovery looked at, and how it looked. As long as
//! all of that looks the same, so does the input set, and nothing is read.
//!
//! Promise: [`Manifest::verify`] says "same" only if a discovery now would find
//! what the recorded one found. A file changed in the very tick in which it was
//! read keeps its times; entries that young are read again each time, until
//! they are old.

use super::Layout;
use super::findings::Finding;
use super::scan::{self, Sweep};
use super::stat::{self, Kind, Nanoseconds, Stat};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The result of a discovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Before anything was looked at.
    pub read_at: Nanoseconds,
    pub layout: Layout,
    pub digest: [u8; 32],
    /// The `metadata.cargo-nix` tables as JSON; empty if there are none.
    pub metadata: String,
    pub findings: Vec<Finding>,
    /// By path, relative to the root, in the order of components.
    pub records: Vec<(PathBuf, Record)>,
}

/// What was seen at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// `None`: nothing was there.
    pub stat: Option<Stat>,
    pub seen: Seen,
    /// It is part of the input set, not only on the way to it.
    pub member: bool,
}

/// What of it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Seen {
    /// That nothing is there.
    Absent,
    /// What kind of file it is.
    Kind,
    /// Nothing, because it cannot be read.
    Unreadable,
    /// The blake3 of its bytes, and whether it is executable.
    File([u8; 32]),
    /// Where it leads.
    Link(String),
    /// The names in it: [`scan::Listing::hash`].
    Listing {
        sweep: Sweep,
        named: bool,
        hash: [u8; 32],
    },
}

/// See [`Manifest::verify`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is as recorded.
    Same,
    /// The same contents under other stats, which are now recorded.
    Refreshed,
    /// Contents differ, or cannot be read.
    Changed,
}

impl Manifest {
    /// Compares with what is below `root` now.
    pub(super) fn verify(&mut self, root: &Path) -> Verdict {
        let now = stat::now();
        let mut refreshed = false;
        for (path, record) in &mut self.records {
            let absolute = join(root, path);
            let Ok(stat) = stat::look(&absolute) else {
                return Verdict::Changed;
            };
            let young = stat.is_some_and(|stat| stat.is_young(self.read_at));
            if stat == record.stat && (!young || !record.seen.is_read()) {
                continue;
            }
            if !record.is_same(&absolute, stat, path.as_os_str().is_empty()) {
                return Verdict::Changed;
            }
            refreshed |= stat != record.stat || !stat.is_some_and(|stat| stat.is_young(now));
            record.stat = stat;
        }
        if refreshed {
            self.read_at = now;
            return Verdict::Refreshed;
        }
        Verdict::Same
    }
}

/// `root.join("")` would end with a slash, through which a link would be followed.
pub(super) fn join(root: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        root.to_path_buf()
    } else {
        root.join(path)
    }
}

impl Seen {
    /// Whether it is known from reading, which a stat can be too young for.
    fn is_read(&self) -> bool {
        matches!(self, Seen::File(_) | Seen::Link(_) | Seen::Listing { .. })
    }
}

impl Record {
    /// Whether what counts is still so, the stat aside.
    fn is_same(&self, path: &Path, stat: Option<Stat>, top: bool) -> bool {
        let kinds = (self.stat.map(|stat| stat.kind()), stat.map(|stat| stat.kind()));
        match (&self.seen, kinds) {
            (Seen::Absent, (_, now)) => now.is_none(),
            (Seen::Unreadable, _) => stat == self.stat,
            (Seen::Kind, (Some(Kind::File { .. }), Some(Kind::File { .. }))) => true,
            (_, (before, now)) if before != now => false,
            (Seen::Kind, _) => true,
            (Seen::File(hash), _) => {
                let size = |stat: Option<Stat>| stat.map(|stat| stat.size());
                size(stat) == size(self.stat) && hash_file(path).is_ok_and(|now| now == *hash)
            }
            (Seen::Link(target), _) => std::fs::read_link(path).is_ok_and(|now| now == Path::new(target)),
            (Seen::Listing { sweep, named, hash }, _) => {
                scan::list(path, *sweep, *named, top).is_ok_and(|now| now.hash == *hash)
            }
        }
    }
}

/// The blake3 of a file's bytes, read in pieces.
pub(super) fn hash_file(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(crate::bounded::open(path)?)?;
    Ok(*hasher.finalize().as_bytes())
}
