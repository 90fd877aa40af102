//! What both kinds of units have in common: the environment at hand, the
//! package they are of, and the way from a plan to a unit in the store.

use super::context::{Context, HostTree};
use super::index::{Index, Record, Tracked};
use super::journal::Outcome;
use super::plan::{Source, Variables};
use super::realise::{Builder, Unbuilt};
use super::{Local, found, journal, key, origin, source, tree};
use crate::cache::units;
use crate::vars::Vars;
use cargo_nix_protocol::{Failure, FailureKind, StoreInput, UnitAsk};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// See the module.
pub struct Workshop {
    /// The environment at hand.
    pub context: Context,
    /// The unit index.
    pub index: Index,
    /// Who builds what is not there.
    pub builder: Builder,
    /// The variables of this process.
    pub variables: Variables,
    /// This program.
    pub program: PathBuf,
    /// Where cargo has the source of the package at hand.
    pub root: PathBuf,
}

/// The package of a unit.
pub struct Package {
    /// Its source.
    pub source: Source,
    /// Its variables, in the store.
    pub environment: StoreInput,
    /// The names of those that crate-env.nix sets for it alone.
    pub own: Vec<String>,
}

/// [`Workshop::crate_variable`] of the package that these variables are of.
pub fn crate_variable(variables: &Variables) -> String {
    let name = variables.get(OsStr::new("CARGO_PKG_NAME"));
    units::variable(&name.map(|name| name.to_string_lossy()).unwrap_or_default())
}

/// Where another toolchain was asked for by `+<name>` of rustup's cargo, and the
/// compiler of the environment came first on PATH: that, and the way out. What rustup
/// says of it a shell may have inherited, so another cargo has to be at work.
pub fn another_asked_for(context: &Context, variable: impl Fn(&str) -> Option<OsString>) -> Option<String> {
    let is_asked = variable("RUSTUP_TOOLCHAIN_SOURCE").is_some_and(|source| source == "cli");
    if !is_asked {
        return None;
    }
    // Cargo says who it is where it calls rustc for a unit, not where it asks what rustc
    // is: what stands there is inherited.
    let cargo = match variable("CARGO_PKG_NAME").and_then(|_| variable("CARGO")) {
        Some(cargo) => Path::new(&cargo).canonicalize(),
        None => std::fs::read_link(format!("/proc/{}/exe", journal::cargo_process())),
    };
    let ours = context.rustc().with_file_name("cargo").canonicalize();
    let is_ours = ours.is_ok_and(|ours| cargo.is_ok_and(|cargo| cargo == ours));
    let toolchain = variable("RUSTUP_TOOLCHAIN").filter(|_| !is_ours)?;
    let toolchain = toolchain.to_string_lossy();
    Some(format!(
        "cargo +{toolchain} was asked for, and found the compiler of the environment, {} \
         (RUSTC=\"$(rustup which --toolchain {toolchain} rustc)\" names the other)",
        context.rustc().display()
    ))
}

/// Why a unit is not served from the store.
#[derive(Debug)]
pub enum Unserved {
    /// It is local.
    Local(Local),
    /// So is every other unit of this build: the environment, its toolchain or
    /// the store are of no use.
    Without(String),
    /// Its builder failed.
    Failed(Box<Failure>),
}

impl Unserved {
    /// In words.
    pub fn reason(&self) -> &str {
        match self {
            Unserved::Local(Local(reason)) | Unserved::Without(reason) => reason,
            Unserved::Failed(failure) => &failure.message,
        }
    }
}

impl From<Unbuilt> for Unserved {
    fn from(unbuilt: Unbuilt) -> Unserved {
        match unbuilt {
            Unbuilt::Failed(failure) if failure.kind == FailureKind::Build => Unserved::Failed(failure),
            Unbuilt::Failed(failure) if failure.kind == FailureKind::Store => {
                Unserved::Without(crate::evaluator::describe(&failure))
            }
            Unbuilt::Failed(failure) => Unserved::Local(Local(crate::evaluator::describe(&failure))),
            Unbuilt::Unreachable(reason) => Unserved::Without(reason),
        }
    }
}

impl From<Local> for Unserved {
    fn from(local: Local) -> Unserved {
        Unserved::Local(local)
    }
}

/// Plans a unit, given the variables that it was seen to read.
pub type Make<'a> = dyn Fn(&BTreeSet<String>) -> Result<UnitAsk, Local> + 'a;

/// A unit in the store.
pub struct Obtained {
    /// Its key.
    pub key: String,
    /// Where it is.
    pub record: Record,
    /// A hit, found, or built.
    pub outcome: Outcome,
    /// Where cargo has its source.
    pub root: PathBuf,
}

/// The environment at hand, and what builds into its store.
///
/// # Errors
/// There is no environment, or it is of no use.
pub fn store(vars: &Vars) -> Result<(Context, Index, Builder), Unserved> {
    let context = vars
        .units_context
        .as_deref()
        .ok_or_else(|| Unserved::Without("there is no environment here".into()))?;
    let mut context = Context::read(context).map_err(Unserved::Without)?;
    let cache = vars
        .cache_dir()
        .map_err(|error| Local::because(error.to_string()))?;
    let index = Index::below(&cache);
    let mut builder = Builder::below(index.dir(), vars, context.sandbox_paths.clone())
        .map_err(|error| Unserved::Without(error.to_string()))?;
    tree::provide(&mut context, &index, &cache, &builder)?;
    builder.mounts = context.tree.iter().flat_map(HostTree::settings).collect();
    Ok((context, index, builder))
}

impl Workshop {
    /// The package of the unit at hand, and what it is built with.
    ///
    /// # Errors
    /// The unit is local: it is not of a store-backed package, or there is no
    /// environment.
    pub fn open(vars: &Vars, variables: Variables) -> Result<(Workshop, Package), Unserved> {
        let text = |name: &str| variables.get(OsStr::new(name));
        let manifest_dir =
            text("CARGO_MANIFEST_DIR").ok_or_else(|| Local::because("cargo did not call it"))?;
        let cargo_home = vars
            .cargo_home()
            .ok_or_else(|| Local::because("neither CARGO_HOME nor HOME is set"))?;
        let store_dir = vars.store_dir();
        let origin = origin::of(Path::new(manifest_dir), &cargo_home, &store_dir, Path::exists)?;

        let (context, index, builder) = store(vars)?;
        let name = text("CARGO_PKG_NAME")
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let own = context
            .crates
            .get(&*name)
            .map_or(Vec::new(), |entry| entry.variables.clone());
        let environment = context
            .environment_of(&name)
            .cloned()
            .ok_or_else(|| Local::because(format!("crates.{name}.sandbox is false")))?;
        let source = source::of(&origin, Path::new(&context.store_dir), &index, |item| {
            builder.import(item).map_err(Unserved::from)
        })?;
        Ok((
            Workshop {
                context,
                index,
                program: builder.program.clone(),
                builder,
                variables,
                root: source.root.clone(),
            },
            Package {
                source,
                environment,
                own,
            },
        ))
    }

    /// The variable that changes with what crate-env.nix gives to this package.
    pub fn crate_variable(&self) -> String {
        crate_variable(&self.variables)
    }

    /// Makes sure that `rustc`, as cargo calls it, is the environment's own, and that
    /// the user did not ask for another: `cargo +nightly` finds the environment's
    /// where rustup's does not come before it.
    ///
    /// # Errors
    /// It is another, or is not what was asked for.
    pub fn check_compiler(&self, rustc: &OsStr) -> Result<(), Unserved> {
        let search = self.variables.get(OsStr::new("PATH"));
        let is_ours = self.context.is_rustc(rustc, search.map(|path| path.as_os_str()));
        let variable = |name: &str| self.variables.get(OsStr::new(name)).cloned();
        match (is_ours, another_asked_for(&self.context, variable)) {
            (true, None) => Ok(()),
            (true, Some(reason)) => Err(Unserved::Without(reason)),
            (false, _) => Err(Unserved::Without(format!(
                "{} is not the compiler of the environment, {}",
                rustc.display(),
                self.context.rustc().display()
            ))),
        }
    }

    /// The unit that `make` plans, from the index or built; `learn` says what
    /// the unit in the store has read, `learn_of_failure` which variables one
    /// that could not be built wanted to.
    ///
    /// # Errors
    /// See [`Unserved`].
    pub fn obtain(
        &self,
        make: &Make,
        learn: &dyn Fn(&Record, &UnitAsk) -> Result<Tracked, Local>,
        learn_of_failure: &dyn Fn(&Failure) -> BTreeSet<String>,
    ) -> Result<Obtained, Unserved> {
        // A file that was not there when the unit was built must not be there now:
        // the sandbox would not show it.
        let make = |tracked: &Tracked| match tracked.absent.iter().find(|path| path.exists()) {
            Some(path) => Err(Local::because(format!(
                "it watches {}, which is outside of the store",
                path.display()
            ))),
            None => make(&tracked.variables),
        };
        let mut plan = make(&Tracked::default())?;
        let base = key::of(&plan);
        let mut tracked = self.index.tracked(&base);
        if !tracked.is_empty() {
            plan = make(&tracked)?;
        }
        let cannot = |error: crate::error::Error| Local::because(error.to_string());
        // Each round learns of variables and files that the one before it could
        // not know of; more than a few are not a unit but a puzzle.
        for _ in 0..5 {
            let key = key::of(&plan);
            if let Some(record) = self.index.unit(&key) {
                // What was noted of it was lost, and this plan is not that of the unit.
                if tracked.learn(&record.tracked) {
                    self.index.track(&base, &tracked).map_err(cannot)?;
                    plan = make(&tracked)?;
                    continue;
                }
                return Ok(Obtained {
                    key,
                    record,
                    outcome: Outcome::Hit,
                    root: self.root.clone(),
                });
            }
            let (mut record, outcome) = match self.build(&plan) {
                Err(Unserved::Failed(failure)) => {
                    let variables = learn_of_failure(&failure);
                    let news = Tracked {
                        variables,
                        absent: BTreeSet::new(),
                    };
                    if !tracked.learn(&news) {
                        return Err(Unserved::Failed(failure));
                    }
                    let again = make(&tracked)?;
                    if again == plan {
                        return Err(Unserved::Failed(failure));
                    }
                    self.index.track(&base, &tracked).map_err(cannot)?;
                    plan = again;
                    continue;
                }
                built => built?,
            };
            if tracked.learn(&learn(&record, &plan)?) {
                self.index.track(&base, &tracked).map_err(cannot)?;
            }
            let again = make(&tracked)?;
            if again == plan {
                record.tracked = tracked;
                record.base = base;
                self.index.put(&key, &record).map_err(cannot)?;
                self.index.keep_plan(&record.path, &plan);
                return Ok(Obtained {
                    key,
                    record,
                    outcome,
                    root: self.root.clone(),
                });
            }
            plan = again;
        }
        Err(Local::because("what it reads does not settle").into())
    }

    fn build(&self, plan: &UnitAsk) -> Result<(Record, Outcome), Unserved> {
        let start = SystemTime::now();
        let (path, derivation) = match self.builder.unit(plan).map_err(Unserved::from) {
            // Something that it is made of; the unit itself was not tried.
            Err(Unserved::Failed(failure)) if !failure.message.contains(&format!("'{}'", plan.name)) => {
                return Err(Unserved::Without(failure.message));
            }
            built => built?,
        };
        let output = Path::new(&path);
        let (seconds, outcome) = if found::was_there(output, start) {
            let logs = self.variables.get(OsStr::new("NIX_LOG_DIR"));
            let store = Path::new(&self.context.store_dir);
            let log = found::log_of(&derivation, store, logs.map(Path::new));
            (found::cost(output, &log), Outcome::Found)
        } else {
            (
                start.elapsed().ok().map(|took| took.as_secs_f64()),
                Outcome::Built,
            )
        };
        let record = Record {
            path,
            derivation,
            seconds,
            tracked: Tracked::default(),
            base: String::new(),
        };
        Ok((record, outcome))
    }
}
