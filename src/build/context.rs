//! What the environment at hand compiles with: the file that
//! `$CARGO_NIX_UNITS_CONTEXT` names, made with the slot (`src/cache/units.rs`).
//!
//! Never: reading anything else of the environment. What is not in this file
//! (or among the variables that are known to count) does not reach a unit.

use super::paths::Visible;
use crate::cache::units::{KIND, MEMBERS};
use crate::sealed;
use cargo_nix_protocol::StoreInput;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// Nix's name of the machine.
    pub system: String,
    /// `/nix/store`, or where else the store is.
    pub store_dir: String,
    /// The sysroot with `bin/rustc`.
    pub toolchain: StoreInput,
    /// The variables of every unit.
    pub environment: StoreInput,
    /// What `crates` have instead.
    #[serde(default)]
    pub environments: Vec<StoreInput>,
    /// Units of these packages have variables of their own.
    #[serde(default)]
    pub crates: BTreeMap<String, CrateContext>,
    /// Directories of the machine that the builds of `environment` and of what
    /// it is made of may see; none over another package set than the host's.
    #[serde(default)]
    pub sandbox_paths: Vec<String>,
    /// What units see of the machine.
    #[serde(default)]
    pub tree: Option<HostTree>,
    /// What the environment sets for the members alone, of what scripts heed.
    #[serde(default)]
    pub members: BTreeMap<String, String>,
}

/// The part of the machine that units see, in the place of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTree {
    /// Of its description.
    pub id: String,
    /// Where it is to be seen: `/usr`, `/lib`, …; in the tree they are below its top.
    pub mounts: Vec<String>,
    /// Its store path; empty until [`super::tree::provide`] has found it.
    #[serde(default)]
    pub path: String,
}

impl HostTree {
    /// For `cargo_nix_protocol::Settings::mounts`.
    pub fn settings(&self) -> Vec<String> {
        let mount = |place: &String| format!("{place}={}{place}", self.path);
        self.mounts.iter().map(mount).collect()
    }
}

/// A `crates.<name>` of crate-env.nix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrateContext {
    /// Which of [`Context::environments`]: a file of sh that exports the
    /// variables of the package's units, which are those of every unit, the
    /// package's inputs and its `env`.
    pub environment: usize,
    /// `false`: the package's units are local.
    // What is true of nearly all is not written: every unit reads this.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub sandbox: bool,
    /// The names of the variables that it sets besides those of every unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
}

fn yes() -> bool {
    true
}

impl Context {
    /// Reads the file, or says why it is of no use.
    ///
    /// # Errors
    /// A fragment such as `…/units cannot be read: …`.
    pub fn read(path: &Path) -> Result<Context, String> {
        let Some(bytes) = sealed::read(path, KIND) else {
            // Whoever enters next finds no slot, and makes a whole one.
            let is_a_slots = path.ancestors().nth(2).is_some_and(|dir| dir.ends_with("slots"));
            if is_a_slots && std::fs::read(path).is_ok() {
                let _ = std::fs::remove_file(path);
            }
            return Err(format!(
                "{} is not there, or not whole (enter the environment again)",
                path.display()
            ));
        };
        serde_json::from_slice(&bytes)
            .map_err(|error| format!("{} is not understood: {error}", path.display()))
    }

    /// What a sandboxed build sees.
    pub fn visible(&self) -> Visible {
        Visible {
            store_dir: self.store_dir.clone(),
            tree: self.tree.clone(),
        }
    }

    /// The environment of a package's units; `None` if they are to be local.
    pub fn environment_of(&self, package: &str) -> Option<&StoreInput> {
        match self.crates.get(package) {
            Some(entry) if entry.sandbox => self.environments.get(entry.environment),
            Some(_) => None,
            None => Some(&self.environment),
        }
    }

    /// Whether a variable is nothing to scripts of other packages: one of
    /// [`MEMBERS`] as the environment has set it, or that it leaves as it was.
    pub fn is_members(&self, name: &OsStr, value: &OsStr) -> bool {
        let name = MEMBERS.into_iter().find(|members| name == *members);
        let is_theirs = |set: &String| value == OsStr::new(set);
        name.is_some_and(|name| self.members.get(name).is_none_or(is_theirs))
    }

    /// Whether `rustc`, a path or a name to be looked up in `search` (a PATH), is the
    /// compiler that units are compiled with.
    pub fn is_rustc(&self, rustc: &OsStr, search: Option<&OsStr>) -> bool {
        let path = Path::new(rustc);
        let found = if path.components().count() > 1 {
            path.canonicalize().ok()
        } else {
            std::env::split_paths(search.unwrap_or_default())
                .map(|dir| dir.join(path))
                .find(|path| path.is_file())
        };
        let ours = self.rustc();
        found.is_some_and(|found| found == ours || ours.canonicalize().is_ok_and(|ours| ours == found))
    }

    /// The compiler that units are compiled with.
    pub fn rustc(&self) -> PathBuf {
        Path::new(&self.toolchain.path).join("bin/rustc")
    }

    /// The same as the arguments' first words, but no script of sh, which would drop
    /// variables that it cannot name; `None` if there is no such.
    pub fn rustc_itself(&self) -> Option<[OsString; 3]> {
        let program = Path::new(&self.toolchain.path).join("libexec/rustc");
        let sysroot = self.toolchain.path.clone().into();
        program
            .exists()
            .then(|| [program.into(), "--sysroot".into(), sysroot])
    }
}
