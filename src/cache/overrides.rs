//! What the project's `crates` names besides the entries it wrote down itself:
//! computed ones, or nixpkgs' `defaultCrateOverrides`. Of these only such count
//! as Cargo.lock has, so that part of Cargo.lock is part of the key; which names
//! they are only an evaluation tells. `overrides/<key without machine and names>`
//! holds the key of a slot, then the names, a line each.
//!
//! Promise: the names follow from what that key stands for. A lost note costs
//! an evaluation.

use super::{Cache, Key, names};
use crate::error::Result;
use crate::sealed;
use std::path::PathBuf;

const KIND: &str = "overrides";

impl Cache {
    /// The names that are noted of `any`.
    pub fn overrides(&self, any: &Key) -> Vec<String> {
        self.noted(any).map_or_else(Vec::new, |(_, names)| names)
    }

    /// Notes them; `key` is that of a slot which counted them.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
    pub fn note_overrides(&self, any: &Key, key: &Key, names: &[String]) -> Result<()> {
        let text = format!("{}\n{}", key.as_str(), names.join("\n"));
        sealed::write(&self.note(any), KIND, text.as_bytes())
    }

    /// The notes whose slot is gone.
    pub fn idle_overrides(&self) -> Vec<PathBuf> {
        let all = names(&self.directory.join(KIND));
        let keys = all.iter().filter_map(|name| Key::parse(name));
        let idle = keys.filter(|any| {
            let noted = self.noted(any);
            noted.is_none_or(|(key, _)| self.slot(&key).is_none())
        });
        idle.map(|any| self.note(&any)).collect()
    }

    fn noted(&self, any: &Key) -> Option<(Key, Vec<String>)> {
        let text = String::from_utf8(sealed::read(&self.note(any), KIND)?).ok()?;
        let (key, names) = text.split_once('\n')?;
        Some((Key::parse(key)?, names.lines().map(str::to_owned).collect()))
    }

    fn note(&self, any: &Key) -> PathBuf {
        self.directory.join(KIND).join(any.as_str())
    }
}
