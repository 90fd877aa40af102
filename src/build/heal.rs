//! What a collection took of a target directory. Cargo misses libraries, which
//! are links, but not what a build script left, nor metadata: those are files of
//! its own, which name store paths. Before such a path is used it is brought
//! back, out of how it was made, with all that it was made of.

use super::index::Index;
use super::realise::Builder;
use super::source;
use super::workshop::Unserved;
use std::path::Path;

/// As deep as a unit's dependencies go.
const DEPTH: usize = 500;

/// Makes sure that the unit at `path` is in the store.
///
/// # Errors
/// It is not known any more how it was made, or it cannot be made again.
pub fn restore(path: &str, index: &Index, builder: &Builder) -> Result<(), Unserved> {
    bring(path, index, builder, DEPTH)
}

fn bring(path: &str, index: &Index, builder: &Builder, depth: usize) -> Result<(), Unserved> {
    if Path::new(path).exists() {
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
        let is_known = |derivation: &String| Path::new(derivation).exists();
        if !input.derivation.as_ref().is_some_and(is_known) {
            bring(&input.path, index, builder, depth - 1)?;
        }
    }
    let (again, _) = builder.unit(&plan)?;
    (again == path)
        .then_some(())
        .ok_or_else(|| gone("what is made of the same is another path now"))
}
