//! From a directory to its environment: project -> inputs -> key -> slot; and
//! only if there is no slot, the evaluator ([`super::fill`]).

use super::Env;
use super::crates;
use super::parts::{Crates, key};
use crate::cache::{self, Cache, Key, Slot};
use crate::cli::ObtainArgs;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::inputs::Inputs;
use crate::project::Project;
use crate::vars::Vars;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::TempDir;

/// An environment and where it came from.
#[derive(Clone, Debug)]
pub struct Obtained {
    /// The environment.
    pub env: Env,
    /// Its store path: the closure of this is the project's toolchain closure.
    pub path: String,
    /// The slot it is kept in.
    pub key: Key,
    /// The project it belongs to.
    pub project: Project,
}

/// What is known of a project without evaluating anything: its inputs, the key
/// that they and the machine give, and what the cache has for it.
#[derive(Debug)]
pub struct Look<'a> {
    pub(super) args: &'a ObtainArgs,
    pub(super) vars: &'a Vars,
    /// The cache.
    pub cache: Cache,
    /// The project at hand.
    pub project: Project,
    /// Its input set now.
    pub inputs: Inputs,
    pub(super) crates: Crates,
    pub(super) began: SystemTime,
    /// Where the cache is while the real one cannot be written.
    pub(super) substitute: Option<TempDir>,
    /// The one content that [`Look::fill`] may evaluate; `None`: whatever is there.
    pub only: Option<blake3::Hash>,
    /// Whether the machine was looked at. At a prompt it is not if it has changed,
    /// which takes a second: then `key` is no slot's, and the job in the background
    /// looks before all else.
    pub settled: bool,
    /// The slot that its environment belongs in.
    pub key: Key,
    /// That environment, if it is there.
    pub slot: Option<Slot>,
}

/// The environment of the project at hand, from the cache or evaluated.
///
/// # Errors
/// Every fault of the project, the evaluation and the machine.
pub fn obtain(args: &ObtainArgs, vars: &Vars) -> Result<Obtained> {
    obtain_only(args, vars, None)
}

/// [`obtain`], but nothing is evaluated except inputs of the digest `only`.
///
/// # Errors
/// As [`obtain`]; [`Error::Edited`] if the inputs are others.
pub fn obtain_only(args: &ObtainArgs, vars: &Vars, only: Option<blake3::Hash>) -> Result<Obtained> {
    let mut look = Look::at(args, vars)?;
    look.only = only;
    if args.impure && !args.quiet {
        crate::say!(
            "warning: --impure: what the evaluation reads besides the project is not part of its key\n  \
             shells do not notice a change there, and another machine may get another environment"
        );
    }
    let slot = match look.slot.take() {
        // Nobody can know whether what it was evaluated from is still the same.
        Some(slot) if !args.impure => {
            if !args.quiet {
                look.warn(&slot);
            }
            slot
        }
        slot => {
            let new = look.fill()?;
            // Shells that were told of a failure, or wait; a job tells them itself.
            if slot.is_none() && only.is_none() {
                let _ = look.cache.ring(&look.project.id().to_hex());
            }
            new
        }
    };
    look.remember();
    Ok(Obtained {
        env: slot.env,
        path: slot.path,
        key: look.key,
        project: look.project,
    })
}

/// Bytes that a prompt hashes of a project about which its user was never asked.
const UNASKED: u64 = 32 << 20;

impl<'a> Look<'a> {
    /// Looks: stats, a little reading, no evaluation.
    ///
    /// # Errors
    /// As [`Project::find`] and [`Inputs::current`].
    pub fn at(args: &'a ObtainArgs, vars: &'a Vars) -> Result<Look<'a>> {
        let project = Project::find_below(args.project.as_deref(), vars.home.as_deref())?;
        Look::of(project, args, vars, true)
    }

    /// [`Look::at`] for a prompt: see [`Look::settled`].
    ///
    /// # Errors
    /// As [`Look::at`].
    pub fn at_prompt(args: &'a ObtainArgs, vars: &'a Vars) -> Result<Look<'a>> {
        let project = Project::find_below(args.project.as_deref(), vars.home.as_deref())?;
        Look::of(project, args, vars, false)
    }

    /// [`Look::at_prompt`] where nothing that was allowed may be at hand: of a project
    /// whose id is not `known`, only so much is read as takes no time to speak of.
    ///
    /// # Errors
    /// As [`Look::at`], and [`Inputs::current_within`].
    pub fn of_strangers(
        args: &'a ObtainArgs,
        vars: &'a Vars,
        known: impl Fn(&str) -> bool,
    ) -> Result<Look<'a>> {
        let project = Project::find_below(args.project.as_deref(), vars.home.as_deref())?;
        let cache = Cache::new(vars.cache_dir()?);
        let most = (!known(&project.id().to_hex())).then_some(UNASKED);
        let began = SystemTime::now();
        let inputs = Inputs::current_within(&project, cache.directory(), most)?;
        Look::over(project, inputs, cache, began, args, vars, false)
    }

    /// [`Look::at`], where it is known already which project is at hand. Unless
    /// `wait`, nobody waits for a look at a machine that has changed.
    ///
    /// # Errors
    /// As [`Inputs::current`].
    pub fn of(project: Project, args: &'a ObtainArgs, vars: &'a Vars, wait: bool) -> Result<Look<'a>> {
        let cache = Cache::new(vars.cache_dir()?);
        let began = SystemTime::now();
        let inputs = Inputs::current(&project, cache.directory())?;
        Look::over(project, inputs, cache, began, args, vars, wait)
    }

    #[allow(clippy::too_many_arguments)]
    fn over(
        project: Project,
        inputs: Inputs,
        cache: Cache,
        began: SystemTime,
        args: &'a ObtainArgs,
        vars: &'a Vars,
        wait: bool,
    ) -> Result<Look<'a>> {
        let crates = Crates::of(&project, &inputs, args, vars, &cache)?;
        let any = || key(args, vars, &inputs, None, &crates.names);
        let pinned = inputs.layout().pins.as_ref().and_then(|_| cache.pinned(&any()));
        let mut settled = true;
        let (key, slot) = match pinned {
            // What the machine has makes no difference: it is not looked at.
            Some((key, slot)) => (key, Some(slot)),
            None => {
                let host = match Host::known(vars, cache.directory()) {
                    // Only a cache that can be written is of use to the job that looks instead.
                    None if wait || cache.make().is_err() => Some(Host::current(vars, cache.directory())?),
                    known => known,
                };
                settled = host.is_some();
                let key = key(args, vars, &inputs, host.as_ref(), &crates.names);
                let slot = cache.slot(&key);
                (key, slot)
            }
        };
        if slot.is_none() {
            // Only the collector reads this.
            let _ = cache.note_place(&project.id().to_hex(), project.directory());
        }
        Ok(Look {
            args,
            vars,
            cache,
            project,
            inputs,
            crates,
            began,
            substitute: None,
            only: None,
            settled,
            key,
            slot,
        })
    }

    /// The directory that the look began in, links resolved. It decides about
    /// the layers: whoever is to come to the same key has to begin there too.
    ///
    /// # Errors
    /// [`Error::Io`] if it is gone.
    pub fn start(&self) -> Result<PathBuf> {
        let given = self.args.project.as_deref().unwrap_or(Path::new("."));
        given.canonicalize().map_err(Error::of_directory(given))
    }

    /// Notes that the project uses this key now.
    pub fn remember(&self) {
        let id = self.project.id().to_hex();
        // Only the collector reads this; an environment is not refused for it.
        let _ = self.cache.remember(&id, self.project.directory(), &self.key);
    }

    /// The environment that the project used last, if it is still there and
    /// is another than that of the inputs as they are, of those that may be used.
    pub fn older(&self, may: impl Fn(&Key) -> bool) -> Option<Slot> {
        let other = |key: &Key| *key != self.key && may(key);
        self.cache
            .newest(&self.project.id().to_hex(), self.args.impure, other)
    }

    /// Tells the warnings that belong to a slot.
    pub(super) fn warn(&self, slot: &Slot) {
        let root = self.project.root.to_string_lossy();
        for warning in &slot.warnings {
            crate::say!("warning: {}", warning.replace(cache::ROOT, &root));
        }
        for warning in crates::unknown(&slot.crates, &self.project) {
            crate::say!("warning: {warning}");
        }
    }
}
