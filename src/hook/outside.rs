//! The variables as they were before a hook entered an environment.
//!
//! A project may set `XDG_CACHE_HOME`, `RUSTUP_HOME` or `NIX_STORE_DIR` in its
//! environment. They are meant for what runs there; if whoever looks at the
//! project heeded them too, the look would have another outcome as soon as the
//! environment is entered, and never come to rest. So what is looked at, and the
//! evaluator, is always seen from outside.

use super::state::{CARRIED, Carried};
use crate::env::diff::Variables;
use crate::vars::Vars;
use std::ffi::OsStr;

/// What cargo-nix heeds, as it was outside; `now` are all variables of this process.
pub fn vars(now: &Variables) -> Vars {
    let carried = Carried::decode(now.get(OsStr::new(CARRIED)).map(|text| text.as_os_str()));
    let Ok(Some(carried)) = carried else {
        return Vars::of(&|name| now.get(OsStr::new(name)).cloned());
    };
    let mut outside = carried.undo.leave(now);
    outside.remove(OsStr::new(CARRIED));
    Vars {
        outside: Some(outside.clone()),
        ..Vars::of(&|name| outside.get(OsStr::new(name)).cloned())
    }
}

/// The same, of this process.
pub fn read() -> Vars {
    vars(&std::env::vars_os().collect())
}
