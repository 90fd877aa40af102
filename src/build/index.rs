//! The unit index in the cache: key -> store path, and what was learned of a
//! unit when it was built. Every file of it may be lost at any time.

use crate::error::Result;
use crate::sealed;
use cargo_nix_protocol::UnitAsk;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Below `${XDG_CACHE_HOME:-~/.cache}/cargo-nix/units`.
#[derive(Clone, Debug)]
pub struct Index {
    dir: PathBuf,
}

/// A unit that is in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its output.
    pub path: String,
    /// Its derivation.
    pub derivation: String,
    /// How long its building took, in seconds, if that is known.
    pub seconds: Option<f64>,
    /// What it was seen to read: a plan that does not know of it is another unit's.
    #[serde(default)]
    pub tracked: Tracked,
    /// Where the index has what was learned of it since; see [`Index::tracked`].
    #[serde(default)]
    pub base: String,
}

/// What a unit was seen to read beyond its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    /// Variables.
    pub variables: BTreeSet<String>,
    /// Files of the machine that it looks for, absolute; they were not there.
    pub absent: BTreeSet<PathBuf>,
}

impl Tracked {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty() && self.absent.is_empty()
    }

    /// Adds what another knows; whether that is news.
    pub fn learn(&mut self, other: &Tracked) -> bool {
        let before = self.variables.len() + self.absent.len();
        self.variables.extend(other.variables.iter().cloned());
        self.absent.extend(other.absent.iter().cloned());
        self.variables.len() + self.absent.len() > before
    }
}

impl Index {
    /// The index in the cache directory `cache`.
    pub fn below(cache: &Path) -> Index {
        Index {
            dir: cache.join("units"),
        }
    }

    /// The cache that it is in.
    pub fn cache(&self) -> &Path {
        self.dir.parent().unwrap_or(&self.dir)
    }

    /// The directory of the index.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn file(&self, kind: &str, name: &str) -> PathBuf {
        let (shard, rest) = name.split_at(name.len().min(2));
        self.dir.join(kind).join(shard).join(rest)
    }

    /// The unit of this key, if it is known and still in the store.
    pub fn unit(&self, key: &str) -> Option<Record> {
        let record: Record = read(&self.file("by-key", key), "unit")?;
        Path::new(&record.path).join("unit").is_dir().then_some(record)
    }

    /// Records a unit.
    ///
    /// # Errors
    /// The cache cannot be written.
    pub fn put(&self, key: &str, record: &Record) -> Result<()> {
        write(&self.file("by-path", base_name(&record.path)), "unit", record)?;
        write(&self.file("by-key", key), "unit", record)
    }

    /// The derivation that made a store path, if it was a unit of ours.
    pub fn derivation_of(&self, path: &str) -> Option<String> {
        let derivation = self.made(path)?.derivation;
        Path::new(&derivation).exists().then_some(derivation)
    }

    /// What is known of a store path, if it was a unit of ours.
    pub fn made(&self, path: &str) -> Option<Record> {
        let record: Record = read(&self.file("by-path", base_name(path)), "unit")?;
        (record.path == path).then_some(record)
    }

    /// Remembers how a store path was made, for `cargo-nix why`; nothing else
    /// depends on it.
    pub fn keep_plan(&self, path: &str, plan: &UnitAsk) {
        let _ = write(&self.file("plans", base_name(path)), "plan", plan);
    }

    /// How a store path was made, if it is a unit of ours.
    pub fn plan_of(&self, path: &str) -> Option<UnitAsk> {
        read(&self.file("plans", base_name(path)), "plan")
    }

    /// What the unit was seen to read, by the key of its plan without that.
    pub fn tracked(&self, key: &str) -> Tracked {
        read(&self.file("tracked", key), "tracked").unwrap_or_default()
    }

    /// Adds to [`Index::tracked`].
    ///
    /// # Errors
    /// The cache cannot be written.
    pub fn track(&self, key: &str, tracked: &Tracked) -> Result<()> {
        write(&self.file("tracked", key), "tracked", tracked)
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A sealed file of JSON, if it is there and whole.
pub(super) fn read<T: serde::de::DeserializeOwned>(path: &Path, kind: &str) -> Option<T> {
    serde_json::from_slice(&sealed::read(path, kind)?).ok()
}

pub(super) fn write(path: &Path, kind: &str, value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_vec(value).unwrap_or_default();
    sealed::write(path, kind, &json)
}
