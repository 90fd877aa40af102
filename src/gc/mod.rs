//! The collection of what the cache no longer needs: slots that no project
//! used lately, projects that are gone, left-overs of processes that were
//! killed.
//!
//! [`plan()`] decides (pure), [`survey()`] reads what is there, [`sweep()`] removes.
//! A slot holds the GC roots of its environment, so dropping it is what lets
//! Nix's own collector take the store paths; nothing here touches the store.
//!
//! Promises: of each project that is still there, the last
//! [`crate::cache::KEPT_SLOTS`] slots stay. A slot that somebody is filling is
//! left alone (its lock is held), and so is one younger than [`GRACE`]: its
//! project may be about to note it. Whatever is removed costs others time, at
//! most: a slot vanishes whole, by one rename.

mod outcome;
mod plan;
mod survey;
mod sweep;

pub use outcome::Outcome;
pub use plan::{Place, Plan, Seen, SeenProject, SeenSlot, closure_difference, plan};
pub use survey::survey;
pub use sweep::{Swept, sweep};

use std::time::Duration;

/// A slot that no project names is left alone this long.
pub const GRACE: Duration = Duration::from_secs(10 * 60);

/// A file of a process that is no longer there, or has forgotten it: an
/// evaluation takes its snapshot into the store long before.
pub const STALE: Duration = Duration::from_secs(24 * 60 * 60);
