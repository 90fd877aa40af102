//! What one load of an .envrc evaluates: the environment that is there, what
//! direnv is to watch, a word to the user, the shellHook.
//!
//! Promises: there is always a text to evaluate, and it ends well; a fault is
//! said in it, and keeps the last good environment. All that is watched is
//! watched with the times from before it was read, so that no edit is missed.
//! Never: a wait for Nix at a prompt.

use super::caller::{self, Caller};
use super::size::{self, Watched};
use super::text;
use super::watches::{self, Entry};
use crate::background::{self, State, now};
use crate::cache::{Cache, Key, Slot};
use crate::cli::{DirenvExportArgs, ObtainArgs};
use crate::cmd::output;
use crate::env::merge::Changes;
use crate::env::{Env, Look};
use crate::error::{Error, Result};
use crate::inputs::Inputs;
use crate::project::{CRATE_ENV, Project};
use crate::trust::Trust;
use crate::vars::Vars;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub(super) fn run(args: &DirenvExportArgs, vars: &Vars) -> Result<()> {
    let load = load(args, vars);
    output::print(&load.text(args, vars))
}

/// What becomes of one load.
pub(super) struct Load {
    pub(super) state: State,
    pub(super) env: Option<Env>,
    /// For [`State::Failed`], why; and why what is older has to do, if no job is at
    /// work for what is newer.
    pub(super) message: Option<String>,
    pub(super) watches: Vec<Entry>,
    /// The inputs of this digest have to be allowed first.
    pub(super) ask_first: Option<blake3::Hash>,
}

/// A load as direnv can remember it.
pub(super) struct Fitted {
    pub(super) load: Load,
    /// What its environment changes in the variables as they are.
    pub(super) changes: Changes,
    /// As many of its watches as can be.
    pub(super) watched: Watched,
}

fn load(args: &DirenvExportArgs, vars: &Vars) -> Fitted {
    let obtain = ObtainArgs {
        project: args.directory.clone(),
        impure: args.impure,
        offline: args.offline,
        ..ObtainArgs::default()
    };
    let caller = caller::of(args.direnv, vars.ci);
    let began = now();
    let known = Project::find_below(args.directory.as_deref(), vars.home.as_deref())
        .and_then(|project| Ok((Cache::new(vars.cache_dir()?), project)));
    let (cache, project) = match known {
        Ok(known) => known,
        Err(error) => {
            let load = Load::failed(&error, None, places(args.directory.as_deref(), began));
            return load.measured(vars).0;
        }
    };
    let stamp = stamp(&cache, &project);
    let id = project.id().to_hex();
    let newest = || cache.newest(&id, args.impure, |key| may_stand_in(key, &id, args, vars));
    if let Some(fault) = &args.fault {
        let message = format!("{fault}\n  use cargo-nix [DIR] [--impure] [--offline] [--wait]");
        let load = Load::failed(&Error::Usage { message }, newest(), vec![stamp]);
        return load.fitting(&cache, &project, args, vars);
    }
    // The second look is for an edit that came while the first one failed.
    for last in [false, true] {
        let began = now();
        let wait = args.wait || caller != Caller::Prompt;
        let look = match last {
            true if wait => Look::at(&obtain, vars),
            true => Look::at_prompt(&obtain, vars),
            false => Look::of(project.clone(), &obtain, vars, wait),
        };
        match look {
            Ok(look) => {
                let mut load = of_look(look, caller, args, &obtain, vars, began);
                load.watches.push(stamp);
                return load.fitting(&cache, &project, args, vars);
            }
            Err(error) => {
                let faulty = Inputs::watches_of_a_fault(&project);
                let Some(faulty) = faulty.or_else(|| last.then(Vec::new)) else {
                    continue;
                };
                let mut watches = watches::entries(&faulty, began);
                watches.push(stamp);
                return Load::failed(&error, newest(), watches).fitting(&cache, &project, args, vars);
            }
        }
    }
    unreachable!("the last look ends the loop")
}

/// The stamp as it is before anything is looked at.
fn stamp(cache: &Cache, project: &Project) -> Entry {
    let path = cache.stamp(&project.id().to_hex());
    let modified = seconds(&path);
    Entry { path, modified }
}

/// When the file was changed, in whole seconds since 1970.
fn seconds(path: &Path) -> Option<i64> {
    let time = std::fs::metadata(path).and_then(|stamp| stamp.modified()).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs() as i64)
}

/// Where a project could appear, or be mended, when none is found.
fn places(directory: Option<&Path>, began: u64) -> Vec<Entry> {
    let given = directory.unwrap_or(Path::new("."));
    let start = given.canonicalize().unwrap_or_else(|_| given.to_path_buf());
    let paths: Vec<PathBuf> = start
        .ancestors()
        .flat_map(|above| [above.join(CRATE_ENV), above.join("Cargo.toml")])
        .collect();
    watches::entries(&Inputs::seen(paths), began)
}

fn of_look(
    mut look: Look<'_>,
    caller: Caller,
    args: &DirenvExportArgs,
    obtain: &ObtainArgs,
    vars: &Vars,
    began: u64,
) -> Load {
    let (id, digest) = (look.project.id().to_hex(), look.inputs.digest());
    let mut watches = watches::entries(&look.inputs.watches(), began);
    if let Some(message) = withheld(&look, &id, &watches, args, vars) {
        let older = look.older(|key| may_stand_in(key, &id, args, vars));
        let state = match older {
            // It waits to be allowed.
            Some(_) => State::Stale,
            None => State::Failed,
        };
        return Load {
            state,
            ..Load::failed(&Error::Project { message }, older, watches)
        };
    }
    // What was allowed was what the look before this one saw.
    let ask_first = args.can_require && args.required != Some(digest);
    if args.can_require && !ask_first {
        look.only = Some(digest);
        if let Err(error) = allowed(&look, &id, vars) {
            return Load::failed(&error, None, watches);
        }
    }
    let known = !ask_first || may_stand_in(&look.key, &id, args, vars);
    let found = match look.slot.take().filter(|_| known) {
        Some(slot) => {
            look.remember();
            if let Ok(data) = vars.data_dir() {
                Trust::new(&data).note(&id, &look.key, &digest);
            }
            Found::ready(slot)
        }
        None if ask_first => Found::older(look.older(|key| may_stand_in(key, &id, args, vars))),
        None => missed(&mut look, caller, args, obtain, vars),
    };
    watches.extend(found.job.and_then(process));
    Load {
        state: found.state,
        env: found.slot.map(|slot| slot.env),
        message: found.message,
        watches,
        ask_first: ask_first.then_some(digest),
    }
}

/// What there is for the inputs as they are, or meanwhile.
struct Found {
    state: State,
    slot: Option<Slot>,
    /// For [`State::Failed`], why.
    message: Option<String>,
    /// Process id of the job that works for them.
    job: Option<u32>,
}

impl Found {
    fn ready(slot: Slot) -> Found {
        Found {
            state: State::Ready,
            slot: Some(slot),
            message: None,
            job: None,
        }
    }

    fn older(slot: Option<Slot>) -> Found {
        Found {
            state: match slot {
                Some(_) => State::Stale,
                None => State::Building,
            },
            slot,
            message: None,
            job: None,
        }
    }

    fn failed(message: String, older: Option<Slot>) -> Found {
        Found {
            state: State::Failed,
            message: Some(message),
            ..Found::older(older)
        }
    }
}

/// Why nothing of the inputs may be used, although the .envrc is allowed:
/// `cargo-nix deny` was called for them, or direnv is asked about the inputs and
/// cannot be about all of them.
fn withheld(
    look: &Look<'_>,
    id: &str,
    watches: &[Entry],
    args: &DirenvExportArgs,
    vars: &Vars,
) -> Option<String> {
    let trust = Trust::new(&vars.data_dir().ok()?);
    let digest = look.inputs.digest();
    let allow = text::typed("allow", args);
    let way_out = format!("`{allow}` shows what there is to allow, and allows it");
    if trust.denies(id, &digest) {
        let directory = crate::say::name(look.project.directory());
        return Some(format!(
            "{directory} was denied (its content is {:.8})\n  {way_out}",
            digest.to_hex()
        ));
    }
    let ask = args.can_require && !trust.allows(&digest);
    let beyond = ask.then(|| text::beyond(watches)).flatten()?;
    Some(format!(
        "{} lies above the .envrc: direnv cannot be asked whether it is allowed\n  {way_out}",
        crate::say::name(beyond)
    ))
}

/// Notes what `require_allowed` has allowed: for the job, and for the time when
/// this slot is the older one.
fn allowed(look: &Look<'_>, id: &str, vars: &Vars) -> Result<()> {
    let trust = Trust::new(&vars.data_dir()?);
    let digest = look.inputs.digest();
    trust.allow_for_direnv(id, &digest)?;
    if look.settled {
        trust.note(id, &look.key, &digest);
    }
    Ok(())
}

/// Whether the slot may be used without asking direnv; see [`crate::trust`].
fn may_stand_in(key: &Key, id: &str, args: &DirenvExportArgs, vars: &Vars) -> bool {
    let Ok(data) = vars.data_dir() else {
        return !args.can_require;
    };
    let trust = Trust::new(&data);
    !trust.denies_slot(id, key) && (!args.can_require || trust.direnv_allows_slot(id, key))
}

/// What is applied while, and until, there is nothing for the inputs as they are.
fn missed(
    look: &mut Look<'_>,
    caller: Caller,
    args: &DirenvExportArgs,
    obtain: &ObtainArgs,
    vars: &Vars,
) -> Found {
    let id = look.project.id().to_hex();
    let older = look.older(|key| may_stand_in(key, &id, args, vars));
    let wait = match caller {
        Caller::Once => true,
        Caller::Editor => args.wait || older.is_none(),
        Caller::Prompt => args.wait,
    };
    if !wait {
        let known = vars.direnv_watches.as_deref();
        let asked_since = |failed| watches::asked_since(known, failed);
        let outlook = background::ensure(look, obtain, !args.can_require, asked_since);
        let found = match outlook.failure {
            None => Found::older(older),
            Some(message) => {
                let message = message.strip_prefix("error: ").unwrap_or(&message);
                Found::failed(message.to_owned(), older)
            }
        };
        return Found {
            job: outlook.job,
            ..found
        };
    }
    match look.fill() {
        Ok(slot) => {
            look.remember();
            Found::ready(slot)
        }
        Err(error) => Found::failed(error.to_string(), older),
    }
}

/// Where the system shows a process of this id; `None` where it shows none. A
/// job that is killed rewrites no stamp, but goes from there, and who watches
/// that is told.
fn process(pid: u32) -> Option<Entry> {
    let path = PathBuf::from(format!("/proc/{pid}"));
    let modified = seconds(&path)?;
    Some(Entry {
        path,
        modified: Some(modified),
    })
}

impl Load {
    /// What is too big to start anything in is not applied: bash could not even
    /// start direnv again. The newest environment that is not too big stays.
    fn fitting(self, cache: &Cache, project: &Project, args: &DirenvExportArgs, vars: &Vars) -> Fitted {
        let (fitted, excess) = self.measured(vars);
        let Some(message) = excess.filter(|_| fitted.load.env.is_some()) else {
            return fitted;
        };
        let id = project.id().to_hex();
        let mut load = Load {
            state: State::Failed,
            message: Some(message),
            ..fitted.load
        };
        for key in cache.history(&id).into_iter().rev() {
            let usable = may_stand_in(&key, &id, args, vars);
            let Some(slot) = usable.then(|| cache.slot(&key)).flatten() else {
                continue;
            };
            load.env = Some(slot.env);
            let (fitted, excess) = load.measured(vars);
            if excess.is_none() {
                return fitted;
            }
            load = fitted.load;
        }
        load.env = None;
        load.measured(vars).0
    }

    /// What it changes in the variables as they are; and why that is too big.
    fn measured(self, vars: &Vars) -> (Fitted, Option<String>) {
        let changes = self.env.as_ref().map(size::changes).unwrap_or_default();
        let (watched, excess) = size::fit(&changes, vars.direnv_watches.as_deref(), &self.watches);
        let fitted = Fitted {
            load: self,
            changes,
            watched,
        };
        (fitted, excess)
    }

    fn failed(error: &Error, older: Option<Slot>, watches: Vec<Entry>) -> Load {
        Load {
            state: State::Failed,
            env: older.map(|slot| slot.env),
            message: Some(error.to_string()),
            watches,
            ask_first: None,
        }
    }
}
