//! A slot that is not there: the evaluator is asked for the environment, once for
//! each key however many processes want it, over a snapshot of the inputs.

use super::dump::Meta;
use super::parts::{Crates, key, system};
use super::{Env, Look};
use crate::cache::{self, Key, Slot};
use crate::error::{Error, Result};
use crate::evaluator;
use crate::host::{self, Host};
use crate::library;
use crate::progress::Progress;
use cargo_nix_protocol::{Answer, Ask, EnvAnswer, EnvArguments, EnvAsk, Import, ImportAsk, Settings, Tree};

impl Look<'_> {
    /// Fills the slot, or waits for whoever is filling it; then tells the
    /// shells that are in the project. A cache that cannot be written is done
    /// without, and a warning says so.
    ///
    /// # Errors
    /// Every fault of the project, the evaluation and the machine.
    pub fn fill(&mut self) -> Result<Slot> {
        let slot = self.filled()?;
        // Who has no use for the stamp is not bothered if it cannot be written.
        let _ = self.cache.ring(&self.project.id().to_hex());
        Ok(slot)
    }

    fn filled(&mut self) -> Result<Slot> {
        let outcome = self.fill_cache();
        let Err(error) = &outcome else { return outcome };
        let directory = self.cache.directory();
        let Some(reason) = error.io_below(directory).filter(|_| self.substitute.is_none()) else {
            return outcome;
        };
        let cannot = format!("the cache {} cannot be written: {reason}", directory.display());
        let (cache, substitute) = self.cache.substitute().map_err(|error| Error::Machine {
            message: format!(
                "{cannot}; nor can temporary files: {error}\n  set XDG_CACHE_HOME or TMPDIR to a directory that can \
                 be written"
            ),
        })?;
        crate::say!(
            "warning: {cannot}\n  without it the environment is evaluated each time, and a garbage collection may \
             remove it; `cargo nix doctor` tells more"
        );
        self.cache = cache;
        self.substitute = Some(substitute);
        self.fill_cache()
    }

    fn fill_cache(&mut self) -> Result<Slot> {
        self.cache.make()?;
        // What the prompt need not notice counts now.
        let host = Host::checked(self.vars, self.cache.directory())?;
        self.key = self.key_with(Some(&host));
        loop {
            let lock = self.cache.lock(&self.key, self.began, self.args.offline)?;
            if let Some(slot) = self.cache.slot(&self.key).filter(|_| !self.args.impure) {
                return Ok(slot);
            }
            if let Some(failure) = lock.failure_meanwhile() {
                return Err(self.told(Error::Evaluator(Box::new(failure))));
            }
            match self.evaluate(&host) {
                Ok(Some(slot)) => {
                    lock.succeeded();
                    return Ok(slot);
                }
                // The project was edited meanwhile, or more of it counts.
                Ok(None) => self.key = self.key_with(Some(&host)),
                Err(error) => {
                    self.cache.give_up(&self.key);
                    if let Error::Evaluator(failure) = &error {
                        lock.failed(failure);
                    }
                    return Err(self.told(error));
                }
            }
        }
    }

    fn key_with(&self, host: Option<&Host>) -> Key {
        key(self.args, self.vars, &self.inputs, host, &self.crates.names)
    }

    /// Whether of these entries of `crates`, which the project did not write
    /// down itself, Cargo.lock has some that did not count yet.
    fn counts_more(&mut self, overrides: &[String]) -> Result<bool> {
        if overrides.is_empty() {
            return Ok(false);
        }
        let (project, inputs) = (&self.project, &self.inputs);
        self.cache
            .note_overrides(&self.crates.any, &self.key, overrides)?;
        let crates = Crates::of(project, inputs, self.args, self.vars, &self.cache)?;
        let more = crates.names != self.crates.names;
        self.crates = crates;
        Ok(more)
    }

    /// `None` if it turned out to be that of another key.
    fn evaluate(&mut self, host: &Host) -> Result<Option<Slot>> {
        let scratch = self.cache.scratch()?;
        let hashed = self.inputs.digest();
        let snapshot = self.inputs.snapshot(&scratch.path().join("source"))?;
        // Only now is it settled what will be evaluated.
        if self.only.is_some_and(|only| only != self.inputs.digest()) {
            return Err(Error::Edited);
        }
        if self.inputs.digest() != hashed {
            return Ok(None);
        }
        self.inputs.check_formats()?;
        if !self.args.impure {
            self.inputs.check_pure()?;
        }
        let library = library::tree(self.cache.directory())?;
        let mut progress = Progress::new(self.args.quiet);
        let answer = self.environment(host, &snapshot, &library, &mut progress);
        progress.finish();
        let answer = answer?;
        let env: Env = serde_json::from_str(&answer.dump).map_err(|error| {
            Error::EvaluatorGone(format!(
                "the environment {} is not what it should be: {error}",
                answer.path
            ))
        })?;
        let meta: Meta = serde_json::from_value(answer.meta).unwrap_or_default();
        if self.counts_more(&meta.overrides)? {
            return Ok(None);
        }
        let root = self.project.root.to_string_lossy();
        let portable = |warning: &String| warning.replace(&*root, cache::ROOT);
        let directory = self.cache.slot_directory(&self.key);
        let write =
            |units| cache::units::write(&directory, units, &env, system(), &self.vars.store_dir(), host);
        let units = meta.units.as_ref().map(write).transpose()?;
        let slot = Slot {
            path: answer.path,
            env,
            warnings: answer.lasting.iter().map(portable).collect(),
            crates: meta.crates,
            units,
            impure: self.args.impure,
        };
        self.cache.fill(&self.key, &slot)?;
        // What an impure evaluation looked at is not known; its key has no other use.
        if meta.pinned && !self.args.impure {
            self.cache.serve(&self.key_with(None), &self.key)?;
        }
        for warning in answer
            .warnings
            .iter()
            .filter(|warning| !answer.lasting.contains(warning))
        {
            crate::say!("warning: {warning}");
        }
        self.warn(&slot);
        // A cache that goes with this process is none to build from.
        Ok(Some(match self.substitute {
            None => self.cache.equipped(&self.key, slot),
            Some(_) => slot,
        }))
    }

    /// Asks for the environment; imports what it needs of this machine first,
    /// in as many rounds as it takes to know all of that.
    fn environment(
        &self,
        host: &Host,
        snapshot: &Tree,
        library: &Tree,
        progress: &mut Progress,
    ) -> Result<EnvAnswer> {
        const ROUNDS: usize = 6;
        for _ in 0..ROUNDS {
            let arguments = self.arguments(host);
            let imported = host::imports::of(&arguments.host);
            let ask = Ask::Env(EnvAsk {
                snapshot: snapshot.clone(),
                library: library.clone(),
                // For messages: JSON holds text, and a path need not be any.
                project_root: self.project.root.to_string_lossy().into_owned().into(),
                arguments,
                roots: self.cache.slot_directory(&self.key),
            });
            let answer = evaluator::ask(self.vars, &self.settings(host), ask, |step| progress.event(step));
            match answer {
                Ok(Answer::Env(answer)) => return Ok(answer),
                Ok(Answer::NeedImports { items }) => self.import(items, host, progress)?,
                Ok(answer) => return Err(unexpected(&answer)),
                // The collector came between two evaluators: import again.
                Err(Error::Evaluator(_)) if imported.iter().any(|path| !path.exists()) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::EvaluatorGone(
            "the evaluation asks for the same imports again and again".to_owned(),
        ))
    }

    /// Adds parts of this machine to the store, and remembers where they are. A
    /// project can make its evaluation ask for anything.
    fn import(&self, items: Vec<Import>, host: &Host, progress: &mut Progress) -> Result<()> {
        let offered = host::imports::offered(&host.describe(&self.vars.store_dir()));
        if let Some(item) = items.iter().find(|item| !offered.contains(item)) {
            return Err(Error::Project {
                message: format!(
                    "the evaluation asks for `{}` out of {} to be added to the store, which is no part of this \
                     machine's toolchains\n  take `cargoNix.imports` and `cargo-nix-needs-imports` out of the \
                     project's expressions; what is to be read belongs into the project, as `./file`",
                    item.name,
                    item.root.display()
                ),
            });
        }
        let ask = Ask::Import(ImportAsk { items });
        let settings = Settings {
            impure: true,
            ..self.settings(host)
        };
        let answer = evaluator::ask(self.vars, &settings, ask, |step| progress.event(step))?;
        let Answer::Import { paths } = answer else {
            return Err(unexpected(&answer));
        };
        for (id, path) in &paths {
            host::imports::remember(self.cache.directory(), &self.vars.store_dir(), id, path)?;
        }
        Ok(())
    }

    fn settings(&self, host: &Host) -> Settings {
        Settings {
            impure: self.args.impure,
            offline: self.args.offline,
            sandbox_paths: host.sandbox_paths.clone(),
            ..Settings::default()
        }
    }

    fn arguments(&self, host: &Host) -> EnvArguments {
        let layout = self.inputs.layout();
        EnvArguments {
            system: system().to_owned(),
            layers: layout.layers.clone(),
            pins: layout.pins.clone(),
            rust_toolchain: layout.rust_toolchain.clone(),
            host: host.describe(&self.vars.store_dir()),
            impure: self.args.impure,
            crates: self.crates.names.clone(),
        }
    }

    /// The trace is kept only for those who asked to see it.
    fn told(&self, error: Error) -> Error {
        match error {
            Error::Evaluator(mut failure) if !self.args.show_trace => {
                failure.trace = None;
                Error::Evaluator(failure)
            }
            error => error,
        }
    }
}

fn unexpected(answer: &Answer) -> Error {
    Error::EvaluatorGone(format!("the evaluator answers another question: {answer:?}"))
}
