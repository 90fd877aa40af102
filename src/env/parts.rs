//! What a key is made of, besides the inputs.

use crate::cache::{Cache, Key, KeyParts};
use crate::cargo_lock;
use crate::cli::ObtainArgs;
use crate::error::Result;
use crate::host::{self, Host};
use crate::inputs::Inputs;
use crate::library;
use crate::project::Project;
use crate::vars::Vars;
use std::collections::{BTreeSet, HashSet};

/// `EnvArguments::crates`, sorted: those of Cargo.lock that sys-crates.toml knows
/// (over the host set none), and those that computed entries of `crates` name.
#[derive(Debug)]
pub(super) struct Crates {
    /// All of them.
    pub(super) names: Vec<String>,
    /// What the second kind is noted under ([`Cache::overrides`]).
    pub(super) any: Key,
}

impl Crates {
    /// Of `project` as it is now.
    pub(super) fn of(
        project: &Project,
        inputs: &Inputs,
        args: &ObtainArgs,
        vars: &Vars,
        cache: &Cache,
    ) -> Result<Crates> {
        let pinned = inputs.layout().pins.is_some();
        let lock = if pinned { project.cargo_lock()? } else { None };
        let known = lock.map_or_else(Vec::new, |text| host::sys_crates::in_lock(&text));
        let any = key(args, vars, inputs, None, &known);
        let overrides = cache.overrides(&any);
        let mut names: BTreeSet<String> = known.into_iter().collect();
        if !overrides.is_empty()
            && let Some(text) = project.cargo_lock()?
        {
            let listed: HashSet<&str> = cargo_lock::names(&text).collect();
            names.extend(
                overrides
                    .into_iter()
                    .filter(|name| listed.contains(name.as_str())),
            );
        }
        let names = names.into_iter().collect();
        Ok(Crates { names, any })
    }
}

/// `host`: `None` for whatever machine.
pub(super) fn key(
    args: &ObtainArgs,
    vars: &Vars,
    inputs: &Inputs,
    host: Option<&Host>,
    crates: &[String],
) -> Key {
    Key::of(&KeyParts {
        inputs: &inputs.digest(),
        host: host.map(|host| &host.digest),
        library: &library::digest(),
        system: system(),
        store: vars.store_dir().as_os_str(),
        remote: vars.other_store(),
        impure: args.impure,
        crates,
    })
}

/// Nix's name of this machine.
pub fn system() -> &'static str {
    const fn pick() -> &'static str {
        if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            "x86_64-linux"
        } else if cfg!(all(target_arch = "aarch64", target_os = "linux")) {
            "aarch64-linux"
        } else if cfg!(all(target_arch = "x86_64", target_os = "macos")) {
            "x86_64-darwin"
        } else if cfg!(all(target_arch = "aarch64", target_os = "macos")) {
            "aarch64-darwin"
        } else {
            panic!("cargo-nix is for Linux and macOS on x86_64 and aarch64")
        }
    }
    const { pick() }
}
