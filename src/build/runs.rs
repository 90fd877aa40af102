//! Notes of one run of cargo, which is our parent: what need not be found out
//! again by each of its units. Files of the cache; any of them may be lost.

use super::index::Index;
use super::journal;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// Older notes go.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);

/// The file of this run that is about something; none where one run cannot be told
/// from another.
pub fn note(index: &Index, about: &str) -> Option<PathBuf> {
    Some(index.dir().join("runs").join(format!("{}.{about}", run()?)))
}

/// The name of this run.
fn run() -> Option<&'static str> {
    static RUN: OnceLock<Option<String>> = OnceLock::new();
    let name = || {
        // Process ids and times since the start come again after it.
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(format!("{}-{}", boot.get(..8)?, journal::build_id()))
    };
    RUN.get_or_init(name).as_deref()
}

/// What is noted there.
pub fn read(note: Option<&Path>) -> Option<Vec<u8>> {
    crate::bounded::read(note?, crate::bounded::SMALL).ok()
}

/// Notes it; without it, it is found out again.
pub fn write(note: Option<&Path>, what: &[u8]) {
    if let Some(note) = note {
        let _ = crate::sealed::replace(note, &[what]);
    }
}

/// Removes what is of runs long ago.
pub fn forget_old(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.map(|time| SystemTime::now().duration_since(time));
        if matches!(age, Ok(Ok(age)) if age > OLD) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
