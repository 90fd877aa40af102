//! One prompt: from where the shell is and what it carries, to what changes.

use super::shelf::{Shelf, Target};
use super::state::{CARRIED, Carried};
use crate::background::{State, ensure};
use crate::cli::ObtainArgs;
use crate::env::diff::{Undo, Variables, differences, enter};
use crate::env::limits::Limits;
use crate::env::merge::{Change, Changes, Value, merge};
use crate::env::{Env, Look};
use crate::error::{Error, Result};
use crate::project::{Id, Project};
use crate::trust::Trust;
use crate::vars::{STATUS, Vars};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

/// What a prompt has to do.
#[derive(Debug, Default)]
pub struct Turn {
    /// What the shell's variables become.
    pub changes: Changes,
    /// Messages, each told once.
    pub say: Vec<String>,
}

/// What ought to be, before the variables are looked at.
struct Wish {
    project: Option<Id>,
    target: Target,
    status: Option<State>,
    told: Option<String>,
}

/// What the prompt in the current directory changes, given the variables of
/// the shell. Starts a job in the background if one is wanted. `kept`: names that
/// the shell keeps as they are, such as readonly ones.
pub fn turn(now: &Variables, vars: &Vars, kept: &[&str]) -> Turn {
    let mut say = Vec::new();
    let mut inside = Cow::Borrowed(now);
    let held = now.get(OsStr::new(CARRIED)).map(|text| text.as_os_str());
    let carried = Carried::decode(held).unwrap_or_else(|_| {
        // What it was before need not be guessed: nobody else sets it.
        inside.to_mut().remove(OsStr::new(STATUS));
        say.push(format!(
            "cargo-nix: ${CARRIED} is damaged, or of another version of cargo-nix: what the variables were \
             before cannot be restored\n  start a new shell if something is missing"
        ));
        None
    });
    let args = ObtainArgs {
        quiet: true,
        ..ObtainArgs::default()
    };
    let carried = carried.unwrap_or_default();
    let Some(wish) = wish(&carried, &args, vars) else {
        let mut after = carried.undo.leave(&inside);
        after.remove(OsStr::new(CARRIED));
        let mut changes = differences(now, &after);
        if let Some(names) = touched(&changes, kept) {
            say.push(format!("cargo-nix: the shell keeps {names}: it stays as it is"));
            changes
                .list
                .retain(|change| !kept.contains(&change.name.as_str()));
        }
        return Turn { changes, say };
    };
    let told = wish.told.as_deref().map(token);
    if wish.is(&carried) && told == carried.told && say.is_empty() {
        return Turn::default();
    }
    let (after, warnings) = made(wish, &carried, &inside, vars, kept, &mut say);
    say.extend(warnings);
    Turn {
        changes: differences(now, &after),
        say,
    }
}

impl Wish {
    /// Whether the shell has all of this already.
    fn is(&self, carried: &Carried) -> bool {
        let key = match &self.target {
            Target::Slot { key, .. } => Some(key.as_str()),
            Target::Keep => carried.key.as_deref(),
            Target::Bare => None,
        };
        self.project == carried.project && self.status == carried.status && key == carried.key.as_deref()
    }
}

/// The variables that fulfil the wish, and what could not be said in them.
fn made(
    mut wish: Wish,
    carried: &Carried,
    now: &Variables,
    vars: &Vars,
    kept: &[&str],
    say: &mut Vec<String>,
) -> (Variables, Vec<String>) {
    let (mut after, mut next, mut warnings) = applied(&wish, carried, now);
    if let Some(message) = refused(&wish, &after, &next, now, kept) {
        // What only stands in for what is not there yet makes way without a word.
        let stood_in = next.key.is_some() && wish.status != Some(State::Ready);
        if !stood_in {
            wish.status = Some(State::Failed);
        }
        let shelf = wish.project.and_then(|id| Shelf::of(id, vars).ok());
        let key = next.key.take();
        let older = shelf
            .iter()
            .flat_map(|shelf| shelf.usable(|other| Some(other.as_str()) != key.as_deref()));
        let applied_already = shelf.as_ref().map_or(Target::Bare, |shelf| shelf.keep(carried));
        // At last what cannot be taken back, allowed or not.
        for target in older.chain([applied_already, Target::Keep]) {
            wish.target = target;
            (after, next, warnings) = applied(&wish, carried, now);
            if refused(&wish, &after, &next, now, kept).is_none() {
                break;
            }
        }
        if !stood_in {
            let stays = if next.key.is_some() {
                "; the older one stays"
            } else {
                ""
            };
            wish.told = Some(format!(
                "cargo-nix: the environment is not applied{stays}: {message}"
            ));
        }
    }
    next.told = wish.told.as_deref().map(token);
    if next.told != carried.told {
        say.extend(wish.told);
    }
    after.insert(CARRIED.into(), next.encode().into());
    (after, warnings)
}

/// Why the shell cannot have these variables, if it cannot.
fn refused(wish: &Wish, after: &Variables, next: &Carried, now: &Variables, kept: &[&str]) -> Option<String> {
    if let Some(names) = touched(&differences(now, after), kept) {
        return Some(format!(
            "it sets {names}, which this shell keeps as it is (readonly, or no plain text)\n  \
             name it otherwise in crate-env.nix, or start a shell that does not declare it"
        ));
    }
    match wish.target {
        Target::Slot { .. } => excess(after, next),
        Target::Keep | Target::Bare => None,
    }
}

/// Those of `kept` that would change.
fn touched(changes: &Changes, kept: &[&str]) -> Option<String> {
    let names = changes.list.iter().map(|change| change.name.as_str());
    let names: Vec<&str> = names.filter(|name| kept.contains(name)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn applied(wish: &Wish, carried: &Carried, now: &Variables) -> (Variables, Carried, Vec<String>) {
    let mut next = Carried {
        project: wish.project,
        key: None,
        status: wish.status,
        told: None,
        undo: Undo::default(),
    };
    let none = Env::default();
    let env = match &wish.target {
        Target::Keep => {
            let (mut after, mut undo) = (now.clone(), carried.undo.clone());
            if let Some(status) = wish.status {
                undo.retouch(STATUS, status.as_str(), &mut after);
            }
            next.key = carried.key.clone();
            next.undo = undo;
            return (after, next, Vec::new());
        }
        Target::Slot { key, env } => {
            next.key = Some(key.as_str().to_owned());
            env
        }
        Target::Bare => &none,
    };
    let base = carried.undo.leave(now);
    let mut changes = merge(env, |name| base.get(OsStr::new(name)).cloned());
    changes
        .list
        .retain(|change| change.name != CARRIED && change.name != STATUS);
    changes.list.extend(wish.status.map(|status| Change {
        name: STATUS.to_owned(),
        value: Some(Value::Text(status.as_str().into())),
    }));
    let after;
    (after, next.undo) = enter(&changes, &base);
    // A damaged one of before is of no use to anybody.
    let news = next.key != carried.key;
    (after, next, if news { changes.left_out } else { Vec::new() })
}

/// Why no program could be started with these variables.
fn excess(after: &Variables, next: &Carried) -> Option<String> {
    let carried = next.encode();
    let pairs = after
        .iter()
        .filter(|(name, _)| *name != CARRIED)
        .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
        .chain([(OsStr::new(CARRIED), OsStr::new(&carried))]);
    Limits::of_this_machine().excess(&[], pairs)
}

/// What ought to be here; `None` outside every project.
fn wish(carried: &Carried, args: &ObtainArgs, vars: &Vars) -> Option<Wish> {
    let trust = vars.data_dir().map(|data| Trust::new(&data));
    let asked = |id: &str| trust.as_ref().is_ok_and(|trust| trust.was_asked(id));
    let looked = Look::of_strangers(args, vars, asked).and_then(|look| seen(look, carried, args, vars));
    match looked {
        Ok(wish) => Some(wish),
        Err(Error::NoProject { .. }) => None,
        // The directory was removed under the shell.
        Err(Error::NoDirectory { path }) if path == Path::new(".") => None,
        Err(error) => Some(broken(&error, carried, vars)),
    }
}

/// The wish for a project whose inputs could be looked at.
fn seen(mut look: Look<'_>, carried: &Carried, args: &ObtainArgs, vars: &Vars) -> Result<Wish> {
    let digest = look.inputs.digest();
    let shelf = Shelf::of(look.project.id(), vars)?;
    let directory = look.project.directory().to_path_buf();
    let wish = |target, status, told| Wish {
        project: Some(look.project.id()),
        target,
        status,
        told,
    };
    if !shelf.trust.allows(&digest) {
        let target = shelf.stand_in(&look.key, carried);
        let (status, stays) = match target {
            Target::Bare => (None, ""),
            _ => (Some(State::Stale), "; what was allowed before stays"),
        };
        let message = format!(
            "cargo-nix: {} is not allowed to be evaluated (its content {:.8}){stays}\n  \
             `cargo-nix allow` shows what there is to allow, and allows it",
            crate::say::name(&directory),
            digest.to_hex(),
        );
        return Ok(wish(target, status, Some(message)));
    }
    if let Some(slot) = look.slot.take() {
        let target = Target::Slot {
            key: look.key.clone(),
            env: Box::new(slot.env),
        };
        let ready = wish(target, Some(State::Ready), None);
        if !ready.is(carried) {
            look.remember();
            shelf.trust.note(&shelf.id, &look.key, &digest);
        }
        return Ok(ready);
    }
    let failure = ensure(&look, args, false, |_| false).failure;
    let target = shelf.stand_in(&look.key, carried);
    let older = !matches!(target, Target::Bare);
    let status = match (&failure, older) {
        (Some(_), _) => State::Failed,
        (None, true) => State::Stale,
        (None, false) => State::Building,
    };
    let told = failure.map(|failure| failed(&directory, &failure, older));
    Ok(wish(target, Some(status), told))
}

/// The wish for a project that has a fault which is seen without evaluating.
fn broken(error: &Error, carried: &Carried, vars: &Vars) -> Wish {
    let message = format!("error: {error}");
    let found = Project::find(None).map(|project| (Shelf::of(project.id(), vars), project));
    let (project, target, status, told) = match found {
        Ok((shelf, project)) => {
            let target = match &shelf {
                Ok(shelf) => shelf.stand_in_for_any(carried),
                Err(_) => Target::Bare,
            };
            let older = !matches!(target, Target::Bare);
            let told = failed(project.directory(), &message, older);
            // In a project that was never allowed there is nothing to fail.
            let asked = |shelf: &Shelf| shelf.trust.was_asked(&shelf.id);
            let known = older || shelf.is_ok_and(|shelf| asked(&shelf));
            let status = known.then_some(State::Failed);
            (Some(project.id()), target, status, told)
        }
        Err(_) => (None, Target::Bare, Some(State::Failed), message),
    };
    Wish {
        project,
        target,
        status,
        told: Some(told),
    }
}

fn failed(directory: &Path, failure: &str, older: bool) -> String {
    let stays = if older { "; the older one stays" } else { "" };
    format!(
        "cargo-nix: no new environment for {}{stays}\n{failure}",
        crate::say::name(directory)
    )
}

fn token(message: &str) -> [u8; 8] {
    let mut token = [0; 8];
    token.copy_from_slice(&blake3::hash(message.as_bytes()).as_bytes()[..8]);
    token
}
