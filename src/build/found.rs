//! A unit that was in the store when it was asked for, though this cache did not
//! know of it: another user, or a lost cache, has had it built.
//!
//! The store does not say; when files were made does. Where a file system does
//! not tell, the unit counts as built now, and as of an unknown cost.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Times of files are coarser than the clock.
const GRAIN: Duration = Duration::from_millis(20);

/// Whether the output was there at that time.
pub fn was_there(output: &Path, at: SystemTime) -> bool {
    made(output).is_some_and(|made| made + GRAIN < at)
}

/// How many seconds the build of the output took: its builder makes it first, and
/// Nix ends the log last.
pub fn cost(output: &Path, log: &Path) -> Option<f64> {
    let ended = log.metadata().ok()?.modified().ok()?;
    let took = ended.duration_since(made(output)?).ok()?;
    Some(took.as_secs_f64())
}

/// Where Nix has the log of a derivation: in `logs`, or beside the store.
pub fn log_of(derivation: &str, store: &Path, logs: Option<&Path>) -> PathBuf {
    let base = derivation.rsplit('/').next().unwrap_or_default();
    let (shard, rest) = base.split_at_checked(2).unwrap_or((base, ""));
    let beside = || store.parent().unwrap_or(store).join("var/log/nix");
    let logs = logs.map_or_else(beside, Path::to_owned);
    logs.join("drvs").join(shard).join(format!("{rest}.bz2"))
}

fn made(output: &Path) -> Option<SystemTime> {
    output.symlink_metadata().ok()?.created().ok()
}
