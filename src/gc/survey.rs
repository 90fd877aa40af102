//! What is in the cache: names, links and ages; no slot is opened for it.

use super::plan::{Place, Seen, SeenProject, SeenSlot};
use crate::background::Desk;
use crate::cache::{Cache, Key};
use crate::sealed::TEMPORARY_PREFIX;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Reads the cache. What cannot be read is not there.
pub fn survey(cache: &Cache) -> Seen {
    let now = SystemTime::now();
    let slots = cache.slots().into_iter().map(|key| slot(cache, key, now));
    let (locks, failures) = locks(&cache.directory().join("locks"));
    let snapshots = entries(&cache.directory().join("snapshots"));
    let temporary = temporary(cache.directory());
    let aged = failures
        .into_iter()
        .chain(snapshots)
        .chain(temporary)
        .chain(cache.idle_pins())
        .chain(cache.idle_overrides())
        .map(|path| {
            let age = age(&path, now);
            (path, age)
        });
    // A slot that was renamed away is of no use to anybody, however young.
    let dropped = entries(&cache.directory().join("slots"))
        .into_iter()
        .filter(|path| begins(path, DROPPED));
    let mut left_overs: Vec<(PathBuf, Duration)> =
        aged.chain(dropped.map(|path| (path, Duration::MAX))).collect();
    left_overs.sort();
    left_overs.dedup_by(|a, b| a.0 == b.0);
    Seen {
        projects: projects(cache),
        slots: slots.collect(),
        locks,
        left_overs,
    }
}

/// Every project that the cache knows, and whether it is still there.
pub(super) fn projects(cache: &Cache) -> Vec<SeenProject> {
    let project = |(id, directory): (String, Option<PathBuf>)| {
        let place = directory.map_or_else(|| Place::Unknown(idle(cache, &id)), place);
        SeenProject {
            history: cache.history(&id),
            id,
            place,
        }
    };
    cache.projects().into_iter().map(project).collect()
}

/// Since anything was done for the project `id`; nothing while its job works.
pub(super) fn idle(cache: &Cache, id: &str) -> Duration {
    if Desk::of(cache, id).is_at_work() {
        return Duration::ZERO;
    }
    let now = SystemTime::now();
    let directory = cache.directory().join("projects").join(id);
    let below = entries(&directory);
    let ages = below.iter().chain([&directory]).map(|path| age(path, now));
    ages.min().unwrap_or_default()
}

const DROPPED: &str = ".dropped-";

/// The name under which a slot is removed.
pub(super) fn dropped_name(key: &Key) -> String {
    format!("{DROPPED}{}-{}", key.as_str(), std::process::id())
}

fn begins(path: &Path, with: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(with))
}

/// Gone is what the system says is not there; whatever else it says (no
/// permission, a disk that sleeps) tells nothing about the project.
fn place(directory: PathBuf) -> Place {
    match fs::metadata(&directory) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Place::Gone(directory)
        }
        _ => Place::There(directory),
    }
}

fn slot(cache: &Cache, key: Key, now: SystemTime) -> SeenSlot {
    let directory = cache.slot_directory(&key);
    let links: Vec<PathBuf> = entries(&directory)
        .into_iter()
        .filter(|path| path.is_symlink())
        .collect();
    let environment = fs::read_link(directory.join("env")).ok();
    SeenSlot {
        age: age(&directory, now),
        roots: links.len(),
        environment: environment.and_then(|path| path.into_os_string().into_string().ok()),
        key,
    }
}

/// Keys with a lock file, and the failures left beside them.
fn locks(directory: &Path) -> (Vec<Key>, Vec<PathBuf>) {
    let mut keys = Vec::new();
    let mut failures = Vec::new();
    for path in entries(directory) {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        match Key::parse(name) {
            Some(key) => keys.push(key),
            None => failures.push(path),
        }
    }
    (keys, failures)
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// What a process leaves beside a file that it did not get to rename.
fn temporary(cache: &Path) -> Vec<PathBuf> {
    let rooms = ["projects", "slots", "locks", "host"].map(|room| cache.join(room));
    let below = rooms
        .iter()
        .flat_map(|room| entries(room))
        .filter(|path| path.is_dir());
    let directories = [cache.to_owned()].into_iter().chain(rooms.clone()).chain(below);
    let files = directories.flat_map(|directory| entries(&directory));
    files.filter(|path| begins(path, TEMPORARY_PREFIX)).collect()
}

/// Since it was last written to; nothing if the clock says the future.
fn age(path: &Path, now: SystemTime) -> Duration {
    let written = fs::symlink_metadata(path).and_then(|stat| stat.modified());
    written
        .ok()
        .and_then(|written| now.duration_since(written).ok())
        .unwrap_or_default()
}
