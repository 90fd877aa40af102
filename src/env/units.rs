//! An environment's part in stock cargo's builds: what units are built with, as
//! a file in the slot, and the variables that make cargo ask us.
//!
//! The variables name files of this machine (the cache, this program), so they
//! are no part of the environment in the store.

use super::Env;
use crate::cmd::WRAPPER;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::sealed;
use crate::vars::Vars;
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The file in a slot's directory.
const FILE: &str = "units";

/// Writes what units are built with into the slot (`src/build/context.rs` reads
/// it); `units` is what the evaluation said of them.
///
/// # Errors
/// The cache cannot be written.
pub fn write(slot: &Path, units: &Value, system: &str, store_dir: &Path, host: &Host) -> Result<()> {
    let Value::Object(mut context) = units.clone() else {
        return Ok(());
    };
    // Over another package set, nothing of the machine is part of a unit.
    context.remove("root");
    let is_host = context.remove("host") == Some(Value::Bool(true));
    if is_host {
        context.insert("sandboxPaths".into(), json!(host.sandbox_paths));
        context.insert("tree".into(), host.tree());
    }
    context.insert("system".into(), json!(system));
    context.insert("storeDir".into(), json!(store_dir));
    sealed::replace(&slot.join(FILE), &[Value::Object(context).to_string().as_bytes()])
}

/// Adds the variables for cargo, if the slot has what they point to.
///
/// # Errors
/// The cache cannot be written.
pub fn add(env: &mut Env, slot: &Path, cache: &Path, vars: &Vars) -> Result<()> {
    let context = slot.join(FILE);
    let (Some(context), true) = (context.to_str(), context.exists()) else {
        return Ok(());
    };
    let wrapper = wrapper(cache)?;
    let Some(text) = wrapper.to_str() else {
        return Ok(());
    };
    let mut set = |name: &str, value: &str| env.variables.insert(name.to_owned(), value.to_owned());
    set("CARGO_NIX_UNITS_CONTEXT", context);
    set("RUSTC_WRAPPER", text);
    // A wrapper that the user had is called for local units; ours, from an
    // environment that this one is entered from, is not.
    let theirs = vars
        .rustc_wrapper
        .as_ref()
        .filter(|theirs| theirs.file_name() != Some(WRAPPER.as_ref()));
    if let Some(theirs) = theirs
        .or(vars.local_wrapper.as_ref())
        .and_then(|theirs| theirs.to_str())
    {
        set("CARGO_NIX_LOCAL_WRAPPER", theirs);
    }
    Ok(())
}

/// This program under its name as a wrapper, a link in the cache.
///
/// # Errors
/// The cache cannot be written.
pub fn wrapper(cache: &Path) -> Result<PathBuf> {
    let directory = cache.join("units/bin");
    let link = directory.join(WRAPPER);
    let program = std::env::current_exe().map_err(Error::io("finding", "cargo-nix"))?;
    if std::fs::read_link(&link).is_ok_and(|present| present == program) {
        return Ok(link);
    }
    sealed::make_directory(&directory).map_err(Error::io("creating", &directory))?;
    let beside = directory.join(format!("{}{}", sealed::TEMPORARY_PREFIX, std::process::id()));
    let _ = std::fs::remove_file(&beside);
    symlink(&program, &beside).map_err(Error::io("linking", &beside))?;
    std::fs::rename(&beside, &link).map_err(Error::io("linking", &link))?;
    Ok(link)
}
