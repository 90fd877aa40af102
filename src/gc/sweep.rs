//! Carries a plan out, beside other processes that use the same cache.

use super::STALE;
use super::plan::{Plan, SeenSlot, wanted};
use super::survey::{dropped_name, idle, projects};
use crate::background::Desk;
use crate::cache::{Cache, KEPT_SLOTS, Key, open_lock};
use crate::error::{Error, Result};
use crate::host;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Slots that were dropped.
    pub slots: Vec<SeenSlot>,
    /// Slots that turned out to be in use, and stay.
    pub busy: usize,
    /// Projects that were forgotten: where they were, if known.
    pub projects: Vec<Option<PathBuf>>,
    /// Files and directories that nobody misses, locks included.
    pub left_overs: usize,
}

impl Swept {
    /// What would go, if nothing is in use.
    pub fn expected(plan: &Plan) -> Swept {
        Swept {
            slots: plan.slots.clone(),
            busy: 0,
            projects: plan.projects.iter().map(|(_, path)| path.clone()).collect(),
            left_overs: plan.left_overs.len() + plan.locks.len(),
        }
    }
}

/// Carries `plan` out. Others may use the cache meanwhile.
///
/// # Errors
/// [`Error::Io`], for the first thing that cannot be removed.
pub fn sweep(cache: &Cache, plan: &Plan) -> Result<Swept> {
    let mut swept = Swept::default();
    for (id, path) in &plan.projects {
        let directory = cache.directory().join("projects").join(id);
        let removed = match path {
            // A checkout that came back meanwhile has noted itself anew.
            Some(path) => !path.exists() && remove(&directory)?,
            None => remove_idle(cache, id, &directory)?,
        };
        if removed {
            swept.projects.push(path.clone());
        }
    }
    for slot in &plan.slots {
        match drop_slot(cache, &slot.key)? {
            true => swept.slots.push(slot.clone()),
            false => swept.busy += 1,
        }
    }
    for key in &plan.locks {
        swept.left_overs += usize::from(drop_lock(cache, key)?);
    }
    for path in &plan.left_overs {
        swept.left_overs += usize::from(remove(path)?);
    }
    swept.left_overs += host::imports::forget_gone(cache.directory())?;
    Ok(swept)
}

/// Removes what is left of a project at an unknown place, unless somebody has
/// come to use it since the survey; no job can begin while it is removed.
fn remove_idle(cache: &Cache, id: &str, directory: &Path) -> Result<bool> {
    if idle(cache, id) < STALE {
        return Ok(false);
    }
    if !directory.is_dir() {
        return remove(directory);
    }
    match take(&Desk::of(cache, id).lock())? {
        Some(_lock) => remove(directory),
        None => Ok(false),
    }
}

/// Drops a slot, unless somebody fills it or a project has come to use it.
fn drop_slot(cache: &Cache, key: &Key) -> Result<bool> {
    let Some(_lock) = take(&cache.lock_path(key))? else {
        return Ok(false);
    };
    // A project may have come back to it since the survey.
    if wanted(&projects(cache), KEPT_SLOTS).contains(key) {
        return Ok(false);
    }
    let directory = cache.slot_directory(key);
    let aside = directory.with_file_name(dropped_name(key));
    match fs::rename(&directory, &aside) {
        Ok(()) => remove(&aside),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("dropping", &directory)(error)),
    }
}

/// Removes a lock file that nobody holds. Whoever waits for it sees that the
/// file is another one and asks again.
fn drop_lock(cache: &Cache, key: &Key) -> Result<bool> {
    let path = cache.lock_path(key);
    if cache.slot_directory(key).exists() {
        return Ok(false);
    }
    match take(&path)? {
        Some(_lock) => remove(&path),
        None => Ok(false),
    }
}

/// The lock, if nobody holds it.
fn take(path: &Path) -> Result<Option<File>> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io("locking", path)(error)),
    }
}

/// Removes a file or a directory with all it holds; whether it was there.
fn remove(path: &Path) -> Result<bool> {
    let removed = match fs::symlink_metadata(path) {
        Ok(stat) if stat.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("removing", path)(error)),
    }
}
