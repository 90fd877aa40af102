//! An environment's part in stock cargo's builds: what units are built with, as
//! a file in the slot, and the variables that make cargo ask us.
//!
//! The variables name files of this machine (the cache, this program), so they
//! are no part of the environment in the store: whoever reads a slot gets them
//! added to its environment.

use super::Slot;
use crate::cmd::WRAPPER;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::sealed;
use crate::vars::{RUSTC_WRAPPER, UNITS_CONTEXT};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The file in a slot's directory.
pub const FILE: &str = "units";
/// What that file is sealed as.
pub const KIND: &str = "units";
/// What the name of every [`variable`] begins with.
const CRATE: &str = "CARGO_NIX_CRATE_";

/// The variable that changes with what the units of every package are given: the
/// toolchain and the environment. Over the host set it is there only if
/// crate-env.nix sets variables: without, a unit is what it is in any shell.
pub const EVERY: &str = "CARGO_NIX_CRATES";

/// The variable that changes with what the units of one package are given, by
/// `crates.<package>` of crate-env.nix or by our own table. Cargo is told that each
/// unit reads the one of its package and [`EVERY`], so a change there has it ask
/// again.
pub fn variable(package: &str) -> String {
    format!("{CRATE}{}", package.to_ascii_uppercase().replace('-', "_"))
}

/// Whether cargo is told that units read it.
pub fn is_read(variable: &str) -> bool {
    variable == EVERY || variable.starts_with(CRATE)
}

/// Of what the environment sets for the members, what scripts of other packages heed,
/// too, and have values of their own for.
pub const MEMBERS: [&str; 2] = ["PKG_CONFIG_LIBDIR", "PKG_CONFIG_PATH"];

/// Writes what units are built with into the slot (`src/build/context.rs` reads
/// it); `units` is what the evaluation said of them. Gives the variables that
/// cargo is told of.
///
/// # Errors
/// The cache cannot be written.
pub fn write(
    slot: &Path,
    units: &Value,
    env: &Env,
    system: &str,
    store_dir: &Path,
    host: &Host,
) -> Result<BTreeMap<String, String>> {
    let Value::Object(mut context) = units.clone() else {
        return Ok(BTreeMap::new());
    };
    // Over another package set, nothing of the machine is part of a unit.
    context.remove("root");
    let is_host = context.remove("host") == Some(Value::Bool(true));
    let mut tree = Value::Null;
    if is_host {
        tree = host.tree();
        context.insert("sandboxPaths".into(), json!(host.sandbox_paths));
        context.insert("tree".into(), tree.clone());
    }
    context.insert("system".into(), json!(system));
    let of_members: BTreeMap<_, _> = MEMBERS
        .iter()
        .filter_map(|name| env.variables.get_key_value(*name))
        .collect();
    context.insert("members".into(), json!(of_members));
    context.insert("storeDir".into(), json!(store_dir));
    let decides = context.remove("decides").unwrap_or_default();
    let mut variables = packages(&mut context, &tree);
    if let Value::String(decides) = decides {
        variables.insert(EVERY.to_owned(), hash(&decides));
    }
    let bytes = Value::Object(context).to_string();
    sealed::write(&slot.join(FILE), KIND, bytes.as_bytes())?;
    Ok(variables)
}

/// Most of the packages that have an environment of their own share a few: each
/// is said once, since every unit reads the file. Gives their variables.
fn packages(context: &mut Map<String, Value>, tree: &Value) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut environments: Vec<Value> = Vec::new();
    let Some(Value::Object(crates)) = context.get_mut("crates") else {
        return variables;
    };
    for (name, entry) in crates {
        let Value::Object(entry) = entry else { continue };
        if entry.remove("told") == Some(Value::Bool(true)) {
            variables.insert(variable(name), hash(&json!([entry, tree]).to_string()));
        }
        let environment = entry.remove("environment").unwrap_or_default();
        let known = environments.iter().position(|known| *known == environment);
        let at = known.unwrap_or_else(|| {
            environments.push(environment);
            environments.len() - 1
        });
        entry.insert("environment".into(), json!(at));
    }
    context.insert("environments".into(), Value::Array(environments));
    variables
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

impl Slot {
    /// Adds the variables for cargo; `false` if what they point to is not there.
    pub(super) fn equip(&mut self, directory: &Path, cache: &Path) -> bool {
        let Some(crates) = &self.units else { return true };
        let context = directory.join(FILE);
        if !context.exists() {
            return false;
        }
        // Where it cannot be linked, cargo is left alone.
        let Ok(wrapper) = wrapper(cache) else { return true };
        let (Some(context), Some(wrapper)) = (context.to_str(), wrapper.to_str()) else {
            return true;
        };
        let ours = [(UNITS_CONTEXT, context), (RUSTC_WRAPPER, wrapper)];
        let ours = ours.map(|(name, value)| (name.to_owned(), value.to_owned()));
        // A wrapper of crate-env.nix's own is called for local units.
        if let Some(theirs) = self.env.variables.remove(RUSTC_WRAPPER) {
            self.env
                .variables
                .insert(crate::vars::LOCAL_WRAPPER.to_owned(), theirs);
        }
        self.env.variables.extend(ours);
        self.env.variables.extend(crates.clone());
        true
    }
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
    let rename = || std::fs::rename(&beside, &link);
    // A directory that stands in its place is none of ours.
    rename()
        .or_else(|_| std::fs::remove_dir_all(&link).and_then(|()| rename()))
        .map_err(Error::io("linking", &link))?;
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(inputs: &str) -> Map<String, Value> {
        let environment = |name: &str| json!({ "path": name, "derivation": format!("{name}.drv") });
        let value = json!({ "crates": {
            "libz-sys": { "environment": environment("/s/pkg-config"), "sandbox": true },
            "openssl-sys": { "environment": environment("/s/pkg-config"), "sandbox": true, "told": true },
            "odd-sys": { "environment": environment(inputs), "sandbox": true, "told": true },
        } });
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn each_environment_is_said_once() {
        let mut context = context("/s/odd");
        packages(&mut context, &Value::Null);
        let environments = context["environments"].as_array().expect("a list");
        let of = |name: &str| {
            let at = context["crates"][name]["environment"].as_u64().expect("an index");
            environments[at as usize]["path"].as_str().expect("a path")
        };
        assert_eq!(environments.len(), 2);
        assert_eq!(
            ["libz-sys", "openssl-sys", "odd-sys"].map(of),
            ["/s/pkg-config", "/s/pkg-config", "/s/odd"]
        );
    }

    /// What a package is given, and the machine it is of, decide about the value.
    #[test]
    fn a_variable_changes_with_what_the_package_is_given() {
        let made = |inputs: &str, tree: &str| packages(&mut context(inputs), &json!({ "id": tree }));
        let one = made("/s/odd", "a");
        let packages = ["ODD_SYS", "OPENSSL_SYS"].map(|name| format!("CARGO_NIX_CRATE_{name}"));
        assert_eq!(
            one.keys().collect::<Vec<_>>(),
            packages.iter().collect::<Vec<_>>()
        );
        assert_eq!(one, made("/s/odd", "a"));
        let changed = |other: &BTreeMap<String, String>| {
            let differs = |name: &&String| one[*name] != other[*name];
            one.keys().filter(differs).cloned().collect::<Vec<_>>()
        };
        assert_eq!(changed(&made("/s/other", "a")), packages[..1]);
        assert_eq!(changed(&made("/s/odd", "b")), packages);
    }
}
