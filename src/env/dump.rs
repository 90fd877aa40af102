//! The shape of an environment, as its derivation dumps it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An environment, as the file in the store says it. Values hold no NUL byte.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Env {
    /// Variables that are set to exactly this.
    pub variables: BTreeMap<String, String>,
    /// Lists that are put before what the variable holds already, separated by
    /// colons, without duplicates: `PATH`, `XDG_DATA_DIRS`.
    pub prepend: BTreeMap<String, Vec<String>>,
    /// Bash, for direnv and `develop` only.
    pub shell_hook: String,
    /// Store path of the toolchain (a sysroot with bin/rustc and bin/cargo).
    pub toolchain: Option<String>,
    /// What is taken from the machine instead of the store.
    pub host: Vec<HostPart>,
}

/// Something of the machine that the environment relies on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPart {
    /// The attribute's name in the host set, e.g. `openssl`.
    pub name: String,
    /// The machine's version of it.
    pub version: String,
    /// Files or directories on the machine, shown to the user.
    pub paths: Vec<String>,
}

/// `entry.nix`'s `meta`: facts about an evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// The names below `crates` that the project itself wrote, each with its
    /// place; what it took from elsewhere (nixpkgs' `defaultCrateOverrides`)
    /// names crates of all the world and is left out.
    pub crates: Vec<CrateEntry>,
    /// Other names below `crates`, which count if Cargo.lock has them.
    pub overrides: Vec<String>,
    /// What cargo's units are built with; `None` without a toolchain of ours.
    pub units: Option<serde_json::Value>,
    /// The package set came from the project's pins: the description of the
    /// machine was not looked at, and another one would change nothing.
    pub pinned: bool,
}

/// A `crates.<name>` of a crate-env.nix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrateEntry {
    /// The name.
    pub name: String,
    /// File relative to the snapshot, with line and column, if known.
    #[serde(default)]
    pub position: Option<(String, u32, u32)>,
}
