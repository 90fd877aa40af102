//! What a project has used before, as far as it may stand in for what it says now.

use super::state::Carried;
use crate::cache::{Cache, Key};
use crate::env::Env;
use crate::error::Result;
use crate::project::Id;
use crate::trust::Trust;
use crate::vars::Vars;

/// What a shell is to have.
pub(super) enum Target {
    /// The environment in this slot.
    Slot { key: Key, env: Box<Env> },
    /// What is applied already, although its slot is gone.
    Keep,
    /// None.
    Bare,
}

/// The slots of one project, and what its user has decided about them.
pub(super) struct Shelf {
    pub id: String,
    pub trust: Trust,
    cache: Cache,
}

impl Shelf {
    /// Of the project with this id.
    pub fn of(id: Id, vars: &Vars) -> Result<Shelf> {
        Ok(Shelf {
            id: id.to_hex(),
            trust: Trust::new(&vars.data_dir()?),
            cache: Cache::new(vars.cache_dir()?),
        })
    }

    /// The `wanted` slots that still exist, are pure, and whose content is still
    /// allowed, the newest first.
    pub fn usable(&self, wanted: impl Fn(&Key) -> bool) -> impl Iterator<Item = Target> {
        let keys = self.cache.history(&self.id).into_iter().rev();
        keys.filter_map(move |key| {
            let usable = wanted(&key) && self.trust.allows_slot(&self.id, &key);
            let slot = usable.then(|| self.cache.slot(&key)).flatten()?;
            (!slot.impure).then(|| Target::Slot {
                key,
                env: Box::new(slot.env),
            })
        })
    }

    /// What to have while `key` has no slot: an older slot, or what is applied
    /// already and was allowed.
    pub fn stand_in(&self, key: &Key, carried: &Carried) -> Target {
        let kept = self.keep(carried);
        // What the shell has is of this very content, its store path gone.
        if carried.key.as_deref() == Some(key.as_str()) && matches!(kept, Target::Keep) {
            return kept;
        }
        self.usable(|other| other != key).next().unwrap_or(kept)
    }

    /// What to have while it cannot be told which slot is wanted.
    pub fn stand_in_for_any(&self, carried: &Carried) -> Target {
        let newest = self.usable(|_| true).next();
        newest.unwrap_or_else(|| self.keep(carried))
    }

    /// What is applied, if it is this project's and still allowed.
    pub fn keep(&self, carried: &Carried) -> Target {
        let ours = carried.project.is_some_and(|id| id.to_hex() == self.id);
        let allowed = || {
            let key = carried.key.as_deref().and_then(Key::parse);
            key.is_some_and(|key| self.trust.allows_slot(&self.id, &key))
        };
        if ours && allowed() {
            Target::Keep
        } else {
            Target::Bare
        }
    }
}
