//! What an environment changes in the variables that are there: pure, no I/O.
//!
//! Promises: the same environment and variables give the same [`Changes`], in
//! the order of names; a variable of `never-export.json` is not among them,
//! whatever the dump says; merging a second time over the result changes
//! nothing.

use super::Env;
use crate::cache::units;
use crate::cmd::WRAPPER;
use crate::vars::{self, LOCAL_WRAPPER, RUSTC_WRAPPER, UNITS_CONTEXT};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// What becomes of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The variable; not always a name that a shell can have.
    pub name: String,
    /// Its value from now on; `None`: it is unset.
    pub value: Option<Value>,
}

/// A value, with the parts it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One text.
    Text(OsString),
    /// A list that is joined with colons.
    List {
        /// What the environment brings.
        new: Vec<OsString>,
        /// What was there before and stays, after `new`.
        kept: Vec<OsString>,
    },
}

impl Value {
    /// The value as a process gets it.
    pub fn joined(&self) -> OsString {
        match self {
            Value::Text(text) => text.clone(),
            Value::List { .. } => OsString::from_vec(
                self.entries()
                    .map(OsStrExt::as_bytes)
                    .collect::<Vec<_>>()
                    .join(&b':'),
            ),
        }
    }

    /// The entries of a list in their order; a text is one entry.
    pub fn entries(&self) -> impl Iterator<Item = &OsStr> {
        let (new, kept): (&[OsString], &[OsString]) = match self {
            Value::Text(text) => (std::slice::from_ref(text), &[]),
            Value::List { new, kept } => (new, kept),
        };
        new.iter().chain(kept).map(OsString::as_os_str)
    }
}

/// All that an environment changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the order of names, each name once.
    pub list: Vec<Change>,
    /// One lower-case fragment for each variable that no process can have.
    pub left_out: Vec<String>,
}

/// Lays `env` over the variables that `present` looks up.
///
/// Variables are set. Lists go before what the variable holds (what `env`
/// itself sets it to, else what is present, else its default), and an entry
/// that is there twice stays where it is first.
pub fn merge(env: &Env, present: impl Fn(&str) -> Option<OsString>) -> Changes {
    let never = NeverExport::load();
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, value) in &env.variables {
        values.insert(name, Value::Text(value.into()));
    }
    for (name, entries) in &env.prepend {
        let before = env
            .variables
            .get(name)
            .map(OsString::from)
            .or_else(|| present(name));
        let value = prepend(entries, before, default_of(name));
        if let Some(value) = value {
            values.insert(name, value);
        }
    }
    wrap(&mut values, &present);
    let mut changes = Changes::default();
    for (name, value) in values {
        if never.holds(name, &value) {
            continue;
        }
        if name.is_empty() || name.contains(['=', '\0']) || value.joined().as_bytes().contains(&0) {
            changes
                .left_out
                .push(format!("variable {name:?} is left out: no process can have it"));
            continue;
        }
        changes.list.push(Change {
            name: name.to_owned(),
            value: Some(value),
        });
    }
    changes
}

/// The part of the variables that make cargo ask us which depends on those of
/// the user: what turns it off, and a wrapper of rustc that was there before.
fn wrap(values: &mut BTreeMap<&str, Value>, present: &impl Fn(&str) -> Option<OsString>) {
    if !values.contains_key(UNITS_CONTEXT) {
        return;
    }
    if vars::is_off(present(vars::UNITS)) {
        values.remove(UNITS_CONTEXT);
        values.remove(RUSTC_WRAPPER);
        values.retain(|name, _| !units::is_read(name));
        if let Some(theirs) = values.remove(LOCAL_WRAPPER) {
            values.insert(RUSTC_WRAPPER, theirs);
        }
        return;
    }
    // Ours, from an environment that this one is entered from, is not theirs.
    let is_theirs =
        |path: &OsString| !path.is_empty() && Path::new(path).file_name() != Some(WRAPPER.as_ref());
    if let Some(theirs) = present(RUSTC_WRAPPER).filter(is_theirs) {
        values.entry(LOCAL_WRAPPER).or_insert(Value::Text(theirs));
    }
}

/// `entries` before what was there; `None` if there is nothing to put there.
fn prepend(entries: &[String], before: Option<OsString>, default: &[&str]) -> Option<Value> {
    let mut seen = HashSet::new();
    // An empty entry means "the current directory" or "the default": it is kept
    // where the user has it, and never brought by an environment.
    let new: Vec<OsString> = entries
        .iter()
        .flat_map(|entry| entry.split(':'))
        .filter(|entry| !entry.is_empty())
        .map(OsString::from)
        .filter(|entry| seen.insert(entry.clone()))
        .collect();
    if new.is_empty() {
        return None;
    }
    let before: Vec<OsString> = match before.filter(|text| !text.is_empty()) {
        Some(text) => text
            .as_bytes()
            .split(|b| *b == b':')
            .map(|part| OsStr::from_bytes(part).to_owned())
            .collect(),
        None => default.iter().map(OsString::from).collect(),
    };
    let kept = before
        .into_iter()
        .filter(|entry| seen.insert(entry.clone()))
        .collect();
    Some(Value::List { new, kept })
}

/// What programs take an unset (or empty) list for. Without it, setting the
/// variable would take away what the user had: the icons and types of the
/// system, the system's manual (an empty entry there means "the default").
fn default_of(name: &str) -> &'static [&'static str] {
    match name {
        "XDG_DATA_DIRS" => &["/usr/local/share", "/usr/share"],
        "XDG_CONFIG_DIRS" => &["/etc/xdg"],
        "MANPATH" | "INFOPATH" => &[""],
        _ => &[],
    }
}

/// Variables that belong to the user's session, or to Nix's build sandbox. The
/// Nix side reads the same file; what it filters further is its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NeverExport {
    never: HashSet<String>,
    never_prefixes: Vec<String>,
    never_values: BTreeMap<String, String>,
}

impl NeverExport {
    fn load() -> Self {
        serde_json::from_str(include_str!("../../nix/env/never-export.json"))
            .expect("never-export.json is part of this program")
    }

    fn holds(&self, name: &str, value: &Value) -> bool {
        self.never.contains(name)
            || self.never_prefixes.iter().any(|prefix| name.starts_with(prefix))
            || self
                .never_values
                .get(name)
                .is_some_and(|never| value.joined() == **never)
    }
}
