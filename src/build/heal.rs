//! What a collection took of a target directory. Cargo misses libraries, which
//! are links, but not what a build script left, nor metadata: those are files of
//! its own, which name store paths. Before such a path is used it is brought
//! back, out of how it was made, with all that it was made of.

use super::index::Index;
use super::paths::Visible;
use super::realise::Builder;
use super::source;
use super::workshop::{self, Unserved};
use crate::vars::Vars;
use cargo_nix_protocol::StoreInput;
use std::path::Path;

/// As deep as a unit's dependencies go.
const DEPTH: usize = 500;

/// Makes sure that a unit is in the store, with its derivation.
///
/// # Errors
/// It is not known any more how it was made, or it cannot be made again.
pub fn restore(unit: &StoreInput, index: &Index, builder: &Builder) -> Result<(), Unserved> {
    bring(unit, index, builder, DEPTH)
}

/// Brings back what rustc, or a script, is about to look for although the unit is
/// none of the store's: cargo goes on telling where a run left its libraries. What
/// cannot be brought back, whoever misses it will say.
pub fn mentioned(texts: &[String], vars: &Vars) {
    let visible = Visible {
        store_dir: vars.store_dir().to_string_lossy().into_owned(),
        tree: None,
    };
    let paths = texts.iter().flat_map(|text| visible.store_paths(text));
    let gone: Vec<&str> = paths.filter(|path| !Path::new(path).exists()).collect();
    if gone.is_empty() {
        return;
    }
    let Ok((_, index, builder)) = workshop::store(vars) else {
        return;
    };
    for path in gone {
        let unit = StoreInput {
            path: path.to_owned(),
            derivation: index.derivation_of(path),
        };
        let _ = restore(&unit, &index, &builder);
    }
}

fn bring(unit: &StoreInput, index: &Index, builder: &Builder, depth: usize) -> Result<(), Unserved> {
    let path = unit.path.as_str();
    let is_there = |path: &String| Path::new(path).exists();
    if is_there(&unit.path) && unit.derivation.as_ref().is_none_or(is_there) {
        return Ok(());
    }
    let gone = |what: &str| Unserved::Without(format!("{path} was collected, and {what}"));
    let Some(plan) = index.plan_of(path).filter(|_| depth > 0) else {
        return match source::known_root(path, index) {
            Some((root, name)) => {
                let again =
                    source::import(&root, &name, &|item| builder.import(item).map_err(Unserved::from))?;
                (again == path)
                    .then_some(())
                    .ok_or_else(|| gone("the source that it was made of is another now"))
            }
            None => Err(gone("it is not known any more how it was made")),
        };
    };
    for input in &plan.inputs {
        // What an environment is made of is held by that.
        if !input.derivation.as_ref().is_some_and(is_there) {
            bring(input, index, builder, depth - 1)?;
        }
    }
    let (again, _) = match builder.unit(&plan).map_err(Unserved::from) {
        Err(Unserved::Failed(failure)) => return Err(gone(&failure.message)),
        made => made?,
    };
    (again == path)
        .then_some(())
        .ok_or_else(|| gone("what is made of the same is another path now"))
}
