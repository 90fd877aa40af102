//! Which components of toolchains are in the store already: `host/imports` in
//! the cache; for each store directory `id` to store path.
//!
//! Promises: only paths of the store that is asked about, and that exist, are given; two processes that remember
//! at once both get their entries in (a lock beside the file); what is known of an id is not replaced while it
//! exists. Every project of the machine uses these entries, so none may choose what becomes one: an evaluation
//! can only ask for what was [`offered`].

use crate::error::{Error, Result};
use crate::sealed;
use cargo_nix_protocol::Import;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

const KIND: &str = "imports";

fn file(cache_dir: &Path) -> PathBuf {
    cache_dir.join("host/imports")
}

/// Store directory to component id to store path. What is not UTF-8 is no
/// store's directory.
type Stores = BTreeMap<String, BTreeMap<String, String>>;

fn read(cache_dir: &Path) -> Stores {
    sealed::read(&file(cache_dir), KIND)
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .unwrap_or_default()
}

fn is_there(path: &str) -> bool {
    Path::new(path).exists()
}

/// Those paths of `store_dir`, by component id, that exist now.
pub fn known(cache_dir: &Path, store_dir: &Path) -> BTreeMap<String, String> {
    let mut known = read(cache_dir)
        .remove(&*store_dir.to_string_lossy())
        .unwrap_or_default();
    known.retain(|_, path| is_there(path));
    known
}

/// The store paths among the imports of a description (`Host::describe`).
pub fn of(description: &serde_json::Value) -> Vec<PathBuf> {
    let imports = description["imports"].as_object().into_iter().flatten();
    imports
        .filter_map(|(_, path)| path.as_str())
        .map(PathBuf::from)
        .collect()
}

/// What an evaluation over a description (`Host::describe`) may ask for: the
/// components of its toolchains, in the words of nix/rust/host.nix.
pub fn offered(description: &Value) -> Vec<Import> {
    let toolchains = description["rust"]["toolchains"].as_object();
    let mut offered = Vec::new();
    for toolchain in toolchains.into_iter().flat_map(|toolchains| toolchains.values()) {
        let components = toolchain["components"].as_object();
        offered.extend(components.into_iter().flatten().filter_map(|(name, component)| {
            let version = component["version"].as_str().or(toolchain["version"].as_str())?;
            Some(Import {
                id: component["id"].as_str()?.to_owned(),
                name: format!("{name}-{version}"),
                root: toolchain["root"].as_str()?.into(),
                files: serde_json::from_value(component["files"].clone()).ok()?,
            })
        }));
    }
    offered
}

/// Adds `id -> path` to `store_dir`'s, unless it has a path for `id`; entries whose path is gone are dropped on
/// the way, those of other stores too.
///
/// # Errors
/// [`Error::Io`] if the cache cannot be written.
pub fn remember(cache_dir: &Path, store_dir: &Path, id: &str, path: &str) -> Result<()> {
    let directory = cache_dir.join("host");
    crate::sealed::make_directory(&directory).map_err(Error::io("creating", &directory))?;
    let _lock = lock(cache_dir)?;
    let mut all = read(cache_dir);
    drop_gone(&mut all);
    all.entry(store_dir.to_string_lossy().into_owned())
        .or_default()
        .entry(id.to_owned())
        .or_insert_with(|| path.to_owned());
    write(cache_dir, &all)
}

/// Forgets entries whose path is gone; how many those were. Nothing is written,
/// not even the lock, if there are none.
///
/// # Errors
/// [`Error::Io`] if the cache cannot be written.
pub fn forget_gone(cache_dir: &Path) -> Result<usize> {
    if drop_gone(&mut read(cache_dir)) == 0 {
        return Ok(0);
    }
    let _lock = lock(cache_dir)?;
    let mut all = read(cache_dir);
    let forgotten = drop_gone(&mut all);
    write(cache_dir, &all)?;
    Ok(forgotten)
}

/// How many entries were dropped.
fn drop_gone(all: &mut Stores) -> usize {
    let count = |all: &Stores| all.values().map(BTreeMap::len).sum::<usize>();
    let before = count(all);
    for paths in all.values_mut() {
        paths.retain(|_, path| is_there(path));
    }
    all.retain(|_, paths| !paths.is_empty());
    before - count(all)
}

fn lock(cache_dir: &Path) -> Result<File> {
    let path = cache_dir.join("host/imports.lock");
    let lock = File::create(&path).map_err(Error::io("creating", &path))?;
    lock.lock().map_err(Error::io("locking", &path))?;
    Ok(lock)
}

fn write(cache_dir: &Path, all: &Stores) -> Result<()> {
    let payload = serde_json::to_vec(all).unwrap_or_default();
    sealed::write(&file(cache_dir), KIND, &payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known_of(cache: &Path, store: &str) -> Vec<String> {
        known(cache, Path::new(store)).into_keys().collect()
    }

    #[test]
    fn all_of_many_writers_are_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path();
        let path = cache.to_str().unwrap();
        std::thread::scope(|scope| {
            for n in 0..32 {
                scope.spawn(move || remember(cache, Path::new("/store"), &format!("id{n}"), path).unwrap());
            }
        });
        assert_eq!(known_of(cache, "/store").len(), 32);
    }

    /// A path that exists is still not of a store that lies elsewhere.
    #[test]
    fn each_store_has_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path();
        let path = cache.to_str().unwrap();
        for (store, id) in [("/one", "a"), ("/two", "a"), ("/two", "b")] {
            remember(cache, Path::new(store), id, path).unwrap();
        }
        assert_eq!(known_of(cache, "/one"), ["a"]);
        assert_eq!(known_of(cache, "/two"), ["a", "b"]);
        assert!(known_of(cache, "/three").is_empty());
    }

    #[test]
    fn what_is_known_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path();
        let store = Path::new("/store");
        let (first, second) = (cache.to_str().unwrap(), "/");
        for path in ["/nonexistent/store/path", first, second] {
            remember(cache, store, "id", path).unwrap();
        }
        assert_eq!(known(cache, store)["id"], first);
    }

    #[test]
    fn what_the_collector_took_is_not_known() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path();
        let store = Path::new("/store");
        remember(cache, store, "there", cache.to_str().unwrap()).unwrap();
        remember(cache, store, "gone", "/nonexistent/store/path").unwrap();
        assert_eq!(known_of(cache, "/store"), ["there"]);
        assert_eq!(forget_gone(cache).unwrap(), 1);
        assert_eq!(read(cache)["/store"].len(), 1);
        assert_eq!(forget_gone(cache).unwrap(), 0);
        std::fs::write(cache.join("host/imports"), "noise").unwrap();
        assert!(known_of(cache, "/store").is_empty());
    }
}
