//! What goes: a decision over data.

use super::{GRACE, STALE};
use crate::cache::Key;
use cargo_nix_protocol::ClosurePath;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// What is in the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Every project that ever asked for an environment.
    pub projects: Vec<SeenProject>,
    /// Every slot.
    pub slots: Vec<SeenSlot>,
    /// Keys that have a lock file.
    pub locks: Vec<Key>,
    /// Whatever else a process leaves behind when it is killed, with its age.
    pub left_overs: Vec<(PathBuf, Duration)>,
}

/// A project of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenProject {
    /// Its name below `projects/`.
    pub id: String,
    /// Whether it is still there.
    pub place: Place,
    /// The keys it used last, the newest at the end; at most as many as stay.
    pub history: Vec<Key>,
}

/// Where a project is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Still there, or it cannot be known.
    There(PathBuf),
    /// No longer there.
    Gone(PathBuf),
    /// The cache's note of it is damaged or was never written; its next use may
    /// write it anew. Since anything was done for it: nothing, while a job is
    /// at work.
    Unknown(Duration),
}

/// A slot of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenSlot {
    /// Its key.
    pub key: Key,
    /// Since it was filled or last written to.
    pub age: Duration,
    /// GC roots in it.
    pub roots: usize,
    /// Store path of its environment, if it can be read.
    pub environment: Option<String>,
}

/// What is to go, and what stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Slots to drop.
    pub slots: Vec<SeenSlot>,
    /// Slots that stay.
    pub kept: Vec<SeenSlot>,
    /// How many of these stay only because they are younger than [`GRACE`].
    pub young: usize,
    /// Projects to forget: their id, and where they were, if known.
    pub projects: Vec<(String, Option<PathBuf>)>,
    /// Lock files that lock nothing any more.
    pub locks: Vec<Key>,
    /// Files and directories that nobody will miss.
    pub left_overs: Vec<PathBuf>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
            && self.projects.is_empty()
            && self.locks.is_empty()
            && self.left_overs.is_empty()
    }
}

/// Decides what goes. `keep` is how many slots of each project stay.
pub fn plan(seen: &Seen, keep: usize) -> Plan {
    let wanted = wanted(&seen.projects, keep);
    let stays = |slot: &SeenSlot| wanted.contains(&slot.key) || slot.age < GRACE;
    let (kept, slots): (Vec<SeenSlot>, Vec<SeenSlot>) = seen.slots.iter().cloned().partition(stays);
    let young = kept.iter().filter(|slot| !wanted.contains(&slot.key)).count();
    let locked: BTreeSet<&Key> = kept.iter().map(|slot| &slot.key).collect();
    let gone = |project: &SeenProject| match &project.place {
        Place::There(_) => None,
        Place::Gone(path) => Some((project.id.clone(), Some(path.clone()))),
        Place::Unknown(idle) => (*idle >= STALE).then(|| (project.id.clone(), None)),
    };
    let stale = seen.left_overs.iter().filter(|(_, age)| *age >= STALE);
    Plan {
        projects: seen.projects.iter().filter_map(gone).collect(),
        locks: seen
            .locks
            .iter()
            .filter(|key| !locked.contains(key))
            .cloned()
            .collect(),
        left_overs: stale.map(|(path, _)| path.clone()).collect(),
        slots,
        kept,
        young,
    }
}

/// The keys that projects which are there used last.
pub(super) fn wanted(projects: &[SeenProject], keep: usize) -> BTreeSet<Key> {
    let there = projects
        .iter()
        .filter(|project| matches!(project.place, Place::There(_)));
    there
        .flat_map(|project| project.history.iter().rev().take(keep))
        .cloned()
        .collect()
}

/// Bytes of the store that only the `dropped` closures hold, and none of the
/// `kept`: what Nix's collector may free, if no other root holds it.
pub fn closure_difference(dropped: &[Vec<ClosurePath>], kept: &[Vec<ClosurePath>]) -> u64 {
    let held: BTreeSet<&str> = kept.iter().flatten().map(|path| path.path.as_str()).collect();
    let free: BTreeMap<&str, u64> = dropped
        .iter()
        .flatten()
        .filter(|path| !held.contains(path.path.as_str()))
        .map(|path| (path.path.as_str(), path.nar_size))
        .collect();
    free.values().sum()
}
