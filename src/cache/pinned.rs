//! Slots of projects that take all from their pins, found without looking at
//! the machine: `pinned/<key without the machine>` holds the key of the slot.
//!
//! Promise: the note is written only after an evaluation that did not look at
//! the description of the machine (`nix/sources.nix` tells). Whether it looks
//! is decided by the rest of the key, so the next one would not look either.

use super::{Cache, Key, Slot, names};
use crate::error::Result;
use crate::sealed;
use std::path::PathBuf;

const KIND: &str = "pinned";

impl Cache {
    /// The slot that serves `any`, a key without the machine.
    pub fn pinned(&self, any: &Key) -> Option<(Key, Slot)> {
        let key = sealed::read(&self.pin(any), KIND)?;
        let key = Key::parse(std::str::from_utf8(&key).ok()?)?;
        let slot = self.slot(&key)?;
        Some((key, slot))
    }

    /// Notes that the slot of `key` serves `any`, whatever the machine.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
    pub fn serve(&self, any: &Key, key: &Key) -> Result<()> {
        sealed::write(&self.pin(any), KIND, key.as_str().as_bytes())
    }

    /// The notes that lead to no slot.
    pub fn idle_pins(&self) -> Vec<PathBuf> {
        let all = names(&self.directory.join("pinned"));
        let keys = all.iter().filter_map(|name| Key::parse(name));
        let idle = keys.filter(|any| self.pinned(any).is_none());
        idle.map(|any| self.pin(&any)).collect()
    }

    fn pin(&self, any: &Key) -> PathBuf {
        self.directory.join("pinned").join(any.as_str())
    }
}
