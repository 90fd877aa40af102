//! The variables as they were before a hook entered an environment.
//!
//! A project may set `XDG_CACHE_HOME`, `RUSTUP_HOME` or `NIX_STORE_DIR` in its
//! environment. They are meant for what runs there; if whoever looks at the
//! project heeded them too, the look would have another outcome as soon as the
//! environment is entered, and never come to rest. So what is looked at, and the
//! evaluator, is always seen from outside.

use super::state::{CARRIED, Carried};
use crate::env::diff::{Undo, Variables, differences, enter};
use crate::env::merge::Changes;
use crate::vars::Vars;
use std::ffi::OsStr;

/// What a load of direnv carries: how to undo what it made of [`HEEDED`]. direnv
/// itself takes it away with the environment.
pub const CARRIED_BY_DIRENV: &str = "__CARGO_NIX_DIRENV";

/// What cargo-nix and libnix heed. `$DIRENV_DIFF` would tell what these were, too,
/// but not what the .envrc itself made of them, which a load has to heed.
const HEEDED: &[&str] = &[
    "CARGO_HOME",
    "CARGO_NIX_EVAL",
    "DIRENV_CONFIG",
    "NIX_CONFIG",
    "NIX_CONF_DIR",
    "NIX_LOG_DIR",
    "NIX_STATE_DIR",
    "NIX_STORE",
    "NIX_STORE_DIR",
    "NIX_USER_CONF_FILES",
    "RUSTUP_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// What cargo-nix heeds, as it was outside; `now` are all variables of this process.
pub fn vars(now: &Variables) -> Vars {
    let outside = left(now);
    Vars {
        outside: (outside != *now).then(|| outside.clone()),
        ..Vars::of(&|name| outside.get(OsStr::new(name)).cloned())
    }
}

/// All variables as they were outside.
fn left(now: &Variables) -> Variables {
    let mut outside = now.clone();
    for name in [CARRIED, CARRIED_BY_DIRENV] {
        let carried = Carried::decode(outside.get(OsStr::new(name)).map(|text| text.as_os_str()));
        if let Ok(Some(carried)) = carried {
            outside = carried.undo.leave(&outside);
            outside.remove(OsStr::new(name));
        }
    }
    outside
}

/// The value of [`CARRIED_BY_DIRENV`] for a load that makes these changes; `None`
/// if they touch nothing that is heeded.
pub fn carried(changes: &Changes, now: &Variables) -> Option<String> {
    let (outside, mut inside) = (left(now), now.clone());
    for change in &changes.list {
        match &change.value {
            Some(value) => inside.insert((&change.name).into(), value.joined()),
            None => inside.remove(OsStr::new(&change.name)),
        };
    }
    let mut touched = differences(&outside, &inside);
    touched
        .list
        .retain(|change| HEEDED.contains(&change.name.as_str()));
    let undo: Undo = enter(&touched, &outside).1;
    let carried = Carried {
        undo,
        ..Carried::default()
    };
    (carried != Carried::default()).then(|| carried.encode())
}

/// The same, of this process.
pub fn read() -> Vars {
    vars(&std::env::vars_os().collect())
}
