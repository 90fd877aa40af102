//! What direnv itself adds to the variables: `$DIRENV_DIFF` holds every value
//! that a load changed, that of before and that of after, and `$DIRENV_WATCHES`
//! all that is watched; the first holds the second, too. Each is one string, and
//! no program starts any more, direnv included, once one of them is too long for
//! the system. So it is computed beforehand, in the same form.

use super::watches::{self, Entry};
use crate::cmd::start;
use crate::env::Env;
use crate::env::limits::Limits;
use crate::env::merge::{Change, Changes, merge};
use serde_json::{Map, Value, json};
use std::ffi::{OsStr, OsString};

/// What the packers of direnv and ours may differ in, and what an .envrc may
/// change besides: this many bytes, and a 32nd part.
const SPARE: usize = 4096;

/// What direnv is to watch, as far as it can remember it.
pub(super) struct Watched {
    pub(super) entries: Vec<Entry>,
    /// So many had to be left out.
    pub(super) left_out: usize,
}

/// What the environment changes in the variables as they are.
pub(super) fn changes(env: &Env) -> Changes {
    merge(env, |name| std::env::var_os(name))
}

/// `ours`, or so many of them that direnv can remember them and the values of
/// `changes`; or why it cannot remember even those.
pub(super) fn fit(changes: &Changes, known: Option<&OsStr>, ours: &[Entry]) -> (Watched, Option<String>) {
    let limits = Limits::of_this_machine();
    let mut outcome = None;
    for room in [limits.single / 4 * 3, limits.single / 4] {
        let entries = watches::fewer(known, ours, room);
        let left_out = ours.len() - entries.len();
        let excess = excess(changes, known, &entries, limits);
        let fits = excess.is_none();
        outcome = Some((Watched { entries, left_out }, excess));
        if fits {
            break;
        }
    }
    outcome.expect("there is room of two sizes")
}

/// Why no program could be started in what direnv makes of this.
fn excess(changes: &Changes, known: Option<&OsStr>, ours: &[Entry], limits: Limits) -> Option<String> {
    let mut variables = start::variables(changes);
    if let Some(message) = start::excess(&[], &variables) {
        return Some(message);
    }
    // Whatever packing does: nearly all environments and lists are far below.
    let most = known.map_or(0, OsStr::len) + watches::longest(ours);
    if unpacked(changes) + most < limits.single / 4 {
        return None;
    }
    let watches = watches::encoded(known, ours);
    let difference = difference(changes, &watches);
    let length = difference + difference / 32 + SPARE;
    if length > limits.single {
        return Some(format!(
            "all values together are too big for direnv, which keeps them in one variable of about {length} bytes: \
             the system allows {} for one\n  largest: {}; make them shorter in crate-env.nix, or use the hook of your \
             shell (`cargo-nix hook`)",
            limits.single,
            largest(changes)
        ));
    }
    variables.insert("DIRENV_WATCHES".into(), watches.into());
    variables.insert("DIRENV_DIFF".into(), "x".repeat(length).into());
    start::excess(&[], &variables)
}

/// The values that a load changes: the name, that of before, that of after.
fn differing(changes: &Changes) -> impl Iterator<Item = (&str, Option<OsString>, Option<OsString>)> {
    changes.list.iter().filter_map(|Change { name, value }| {
        let was = std::env::var_os(name);
        let is = value.as_ref().map(|value| value.joined());
        (was != is).then_some((name.as_str(), was, is))
    })
}

/// How long the names and values of `$DIRENV_DIFF` are, without the watches.
fn unpacked(changes: &Changes) -> usize {
    let length = |value: Option<OsString>| value.map_or(0, |value| value.len());
    differing(changes)
        .map(|(name, was, is)| 2 * name.len() + length(was) + length(is))
        .sum()
}

/// The length of `$DIRENV_DIFF`.
fn difference(changes: &Changes, watches: &str) -> usize {
    let (mut before, mut after) = (Map::new(), Map::new());
    for (name, was, is) in differing(changes) {
        for (side, value) in [(&mut before, was), (&mut after, is)] {
            let text = value.map(|value| Value::String(value.to_string_lossy().into_owned()));
            side.extend(text.map(|text| (name.to_owned(), text)));
        }
    }
    after.insert("DIRENV_WATCHES".to_owned(), watches.into());
    watches::pack(&json!({ "p": before, "n": after })).len()
}

fn largest(changes: &Changes) -> String {
    let size = |change: &Change| change.value.as_ref().map_or(0, |value| value.joined().len());
    let mut sizes: Vec<(usize, &str)> = changes
        .list
        .iter()
        .map(|change| (size(change), change.name.as_str()))
        .collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let named = sizes
        .iter()
        .take(3)
        .map(|(size, name)| format!("{name} ({size} bytes)"));
    named.collect::<Vec<_>>().join(", ")
}
