//! The host tree of the environment at hand, in the store: what a unit over the
//! host set sees of the machine (`src/host/tree.rs` says what that is).
//!
//! The first unit that wants a tree has it added to the store, which takes some
//! seconds; a link in the cache is its GC root. Once in each run of cargo the
//! machine's files are statted: if they are not those of the tree any more, its
//! units are local until the environment is entered again.

use super::context::Context;
use super::index::Index;
use super::realise::{self, Builder};
use super::runs;
use super::workshop::Unserved;
use crate::host::{self, imports, tree::Tree};
use crate::vars::Vars;
use cargo_nix_protocol::{StoreInput, UnitAsk};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;

const CHANGED: &str = "files of this machine have changed since this environment was made, or its cache is gone (enter it again)";
const YES: &[u8] = b"yes";
const NONE: &str = "what this machine consists of is not known (that takes dpkg and a merged /usr)";

/// Puts the tree's store path into `context`, if its units want a tree.
///
/// # Errors
/// There is none, or not any more, or it cannot be added.
pub fn provide(
    context: &mut Context,
    index: &Index,
    cache: &Path,
    builder: &Builder,
) -> Result<(), Unserved> {
    if context.sandbox_paths.is_empty() {
        return Ok(());
    }
    let Some(tree) = &context.tree else {
        return Err(Unserved::Without(NONE.into()));
    };
    if !is_current(&tree.id, index, cache) {
        host::forget(cache);
        return Err(Unserved::Without(CHANGED.into()));
    }
    let store_dir = Path::new(&context.store_dir);
    let known = || imports::known(cache, store_dir).remove(&tree.id);
    let path = match known() {
        Some(path) => path,
        None => {
            let _held = lock(index)?;
            match known() {
                Some(path) => path,
                None => add(&tree.id, &context.system, store_dir, index, cache, builder)?,
            }
        }
    };
    if let Some(tree) = &mut context.tree {
        tree.path = path;
    }
    Ok(())
}

/// Whether the machine still has the files of the tree; looked at once in a run.
fn is_current(id: &str, index: &Index, cache: &Path) -> bool {
    let note = runs::note(index, id);
    if let Some(verdict) = runs::read(note.as_deref()) {
        return verdict == YES;
    }
    settle(id, cache, note.as_deref())
}

/// The hidden verb of [`look_ahead`]; its arguments are the cache, the id of the
/// tree and the note.
pub const LOOK: &str = "__look-at-host-tree";

/// Begins to look at the machine's files, while cargo still reads manifests and has
/// nothing for the second core to do.
pub fn look_ahead(context: &Context, vars: &Vars) {
    let (Some(tree), Ok(cache), Ok(program)) = (&context.tree, vars.cache_dir(), std::env::current_exe())
    else {
        return;
    };
    let Some(note) = runs::note(&Index::below(&cache), &tree.id) else {
        return;
    };
    // cargo asks twice.
    if note.exists() || File::create_new(note.with_extension("begun")).is_err() {
        return;
    }
    // If it does not start, the first unit looks.
    let _ = realise::detached(&program)
        .arg(LOOK)
        .arg(cache)
        .arg(&tree.id)
        .arg(note)
        .spawn();
}

/// The hidden verb [`LOOK`].
pub fn look(arguments: &[OsString]) {
    if let [cache, id, note] = arguments
        && let Some(id) = id.to_str()
    {
        settle(id, Path::new(cache), Some(Path::new(note)));
    }
}

/// Looks, and notes what was seen.
fn settle(id: &str, cache: &Path, note: Option<&Path>) -> bool {
    let look = || Tree::known(cache, id).is_some_and(|tree| tree.is_current(cache));
    let is_current = Tree::glance(cache, id).is_some() || look();
    runs::write(note, if is_current { YES } else { b"no" });
    if let Some(notes) = note.and_then(Path::parent) {
        runs::forget_old(notes);
    }
    is_current
}

fn add(
    id: &str,
    system: &str,
    store_dir: &Path,
    index: &Index,
    cache: &Path,
    builder: &Builder,
) -> Result<String, Unserved> {
    let tree = Tree::known(cache, id).ok_or_else(|| Unserved::Without(CHANGED.into()))?;
    let path = builder.import(tree.import())?;
    // An edit meanwhile may or may not be in it.
    if !tree.is_current(cache) {
        return Err(Unserved::Without(CHANGED.into()));
    }
    hold(&path, system, &index.dir().join("trees"), id, builder)?;
    imports::remember(cache, store_dir, id, &path).map_err(|error| Unserved::Without(error.to_string()))?;
    Ok(path)
}

/// Makes a GC root: a link to a small file in the store that refers to the tree.
fn hold(path: &str, system: &str, roots: &Path, id: &str, builder: &Builder) -> Result<(), Unserved> {
    runs::forget_old(roots);
    builder.unit(&UnitAsk {
        name: "cargo-nix-host-tree".to_owned(),
        system: system.to_owned(),
        script: "printf '%s\\n' \"$1\" >\"$out\"".to_owned(),
        arguments: vec![path.to_owned()],
        variables: BTreeMap::new(),
        inputs: vec![StoreInput {
            path: path.to_owned(),
            derivation: None,
        }],
        root: Some(roots.join(id)),
    })?;
    Ok(())
}

fn lock(index: &Index) -> Result<File, Unserved> {
    let cannot = |error: std::io::Error| Unserved::Without(format!("the cache cannot be written: {error}"));
    crate::sealed::make_directory(index.dir()).map_err(cannot)?;
    let lock = File::create(index.dir().join("tree.lock")).map_err(cannot)?;
    lock.lock().map_err(cannot)?;
    Ok(lock)
}
