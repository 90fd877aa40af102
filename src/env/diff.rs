//! What entering an environment changes, and what leaving it restores: pure.
//!
//! Promises: entering any variables and leaving again gives the same variables,
//! byte for byte; unset and empty are two things. What the user changed by hand
//! meanwhile stays his:
//! - a variable is restored only if its value is still the one we gave it;
//! - of a list (PATH) that the user added to, our part is taken out and the
//!   list of before put in its place; if he rearranged it, each entry that we
//!   brought is taken out, and the rest stays as it is.
//!
//! Never: a restored value that is not the user's own.

use super::merge::{Change, Changes, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// All variables of a process.
pub type Variables = BTreeMap<OsString, OsString>;

/// What leaving has to restore. Our own values are in it as hashes only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    /// The user's value; `None`: it was not set.
    before: Option<Vec<u8>>,
    ours: [u8; 16],
    list: Option<List>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct List {
    /// How many entries our value has.
    length: usize,
    /// Those that the user did not have, by hash.
    brought: Vec<[u8; 8]>,
}

/// The variables after `changes` were made to `now`, and how to undo that.
pub fn enter(changes: &Changes, now: &Variables) -> (Variables, Undo) {
    let (mut after, mut undo) = (now.clone(), Undo::default());
    for Change { name, value } in &changes.list {
        let before = now.get(OsStr::new(name));
        let ours = value.as_ref().map(Value::joined);
        if before == ours.as_ref() {
            continue;
        }
        undo.entries.push(Entry {
            name: name.clone(),
            before: before.map(|text| text.as_bytes().to_vec()),
            ours: mark(ours.as_deref()),
            list: value.as_ref().and_then(|value| list(value, before)),
        });
        match ours {
            Some(text) => after.insert(name.into(), text),
            None => after.remove(OsStr::new(name)),
        };
    }
    (after, undo)
}

fn list(value: &Value, before: Option<&OsString>) -> Option<List> {
    let Value::List { .. } = value else { return None };
    let had: Vec<&[u8]> = before.map_or(Vec::new(), |text| entries(text.as_bytes()));
    let entries: Vec<&[u8]> = value.entries().map(OsStrExt::as_bytes).collect();
    Some(List {
        length: entries.len(),
        brought: entries
            .iter()
            .filter(|entry| !had.contains(entry))
            .map(|entry| short(entry))
            .collect(),
    })
}

impl Undo {
    /// The variables as they are outside, given what they are inside.
    pub fn leave(&self, now: &Variables) -> Variables {
        let mut after = now.clone();
        for entry in &self.entries {
            let name = OsStr::new(&entry.name);
            let value = now.get(name);
            let restored = if mark(value.map(OsString::as_os_str)) == entry.ours {
                entry.before.clone()
            } else {
                match (value, &entry.list) {
                    (Some(value), Some(list)) => list.taken_out(value.as_bytes(), entry),
                    _ => continue,
                }
            };
            match restored {
                Some(text) => after.insert(name.to_owned(), OsString::from_vec(text)),
                None => after.remove(name),
            };
        }
        after
    }

    /// Gives a variable that is being undone another value of ours.
    pub fn retouch(&mut self, name: &str, value: &str, now: &mut Variables) {
        let held = now.get(OsStr::new(name)).map(OsString::as_os_str);
        match self.entries.iter_mut().find(|entry| entry.name == name) {
            // The user has set it himself meanwhile: it stays his.
            Some(entry) if entry.ours != mark(held) => return,
            Some(entry) => entry.ours = mark(Some(OsStr::new(value))),
            None => self.entries.push(Entry {
                name: name.to_owned(),
                before: held.map(|text| text.as_bytes().to_vec()),
                ours: mark(Some(OsStr::new(value))),
                list: None,
            }),
        }
        now.insert(name.into(), value.into());
    }
}

impl List {
    /// `value` without our part; `None` if nothing is left of a variable that
    /// was not set before.
    fn taken_out(&self, value: &[u8], entry: &Entry) -> Option<Vec<u8>> {
        let all: Vec<&[u8]> = value.split(|byte| *byte == b':').collect();
        let before = entry.before.as_deref().map_or(Vec::new(), entries);
        let ours = |part: &[&[u8]]| mark(Some(OsStr::from_bytes(&part.join(&b':')))) == entry.ours;
        let at = (self.length > 0)
            .then(|| all.windows(self.length).position(ours))
            .flatten();
        let left: Vec<&[u8]> = match at {
            Some(at) => [&all[..at], &before, &all[at + self.length..]].concat(),
            None => all
                .into_iter()
                .filter(|part| !self.brought.contains(&short(part)))
                .collect(),
        };
        match (left.is_empty(), &entry.before) {
            (true, before) => before.clone(),
            (false, _) => Some(left.join(&b':')),
        }
    }
}

/// The entries of a list; an empty text has none.
fn entries(text: &[u8]) -> Vec<&[u8]> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|byte| *byte == b':').collect()
}

/// What makes `now` to `then`, in the order of names. PATH comes as a list, as
/// some shells have it as one.
pub fn differences(now: &Variables, then: &Variables) -> Changes {
    let mut names: Vec<&OsString> = now.keys().chain(then.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let changed = names.into_iter().filter(|name| now.get(*name) != then.get(*name));
    let list = changed.filter_map(|name| {
        // Only names that came from an environment are ever changed: UTF-8.
        let name = name.to_str()?;
        let value = then.get(OsStr::new(name)).map(|text| match name {
            "PATH" => Value::List {
                new: Vec::new(),
                kept: text
                    .as_bytes()
                    .split(|byte| *byte == b':')
                    .map(|part| OsStr::from_bytes(part).to_owned())
                    .collect(),
            },
            _ => Value::Text(text.clone()),
        });
        Some(Change {
            name: name.to_owned(),
            value,
        })
    });
    Changes {
        list: list.collect(),
        left_out: Vec::new(),
    }
}

/// Stands for a value, the unset one included.
fn mark(value: Option<&OsStr>) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    match value {
        None => hasher.update(&[0]),
        Some(text) => hasher.update(&[1]).update(text.as_bytes()),
    };
    let mut mark = [0; 16];
    mark.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    mark
}

fn short(text: &[u8]) -> [u8; 8] {
    let mut mark = [0; 8];
    mark.copy_from_slice(&blake3::hash(text).as_bytes()[..8]);
    mark
}
