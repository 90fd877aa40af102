//! What direnv watches: `$DIRENV_WATCHES`, its list of paths with the times
//! that it saw, as JSON, zlib, base64 (the same from 2.21 to 2.37).
//!
//! While it loads an .envrc, direnv has put entries of its own there. If those
//! read as expected, ours are put beside them in the same form: no direnv has
//! to be started for it, and what is *not* there can be watched with the rest,
//! which `direnv watch-list` cannot. If they do not, direnv is asked to: by
//! `watch-list`, which takes times too.

use crate::background::now;
use crate::env::render::sh_quote;
use crate::inputs::Watch;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use libflate::zlib::{Decoder, EncodeOptions, Encoder};
use serde_json::{Map, Value};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A list that is larger is none of direnv's.
const LIMIT: u64 = 64 << 20;
/// From so many bytes of JSON on, codes of its own make it fit where it would not.
const LONG: usize = 8 << 10;

/// The clock of file systems may be this late, in nanoseconds.
const LATE: u64 = 20_000_000;

/// One path to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Absolute.
    pub path: PathBuf,
    /// Whole seconds since 1970; `None` if nothing is there.
    pub modified: Option<i64>,
}

/// The `watches` as direnv keeps them. `began`: nanoseconds since 1970, before
/// they were looked at.
///
/// direnv compares whole seconds: a file that was changed in the second in
/// which it was read can be changed again without that being seen. Its time is
/// told as a second older, so that it is looked at once more.
pub(super) fn entries(watches: &[Watch], began: u64) -> Vec<Entry> {
    let second = (began.saturating_sub(LATE) / 1_000_000_000) as i64;
    let seconds = |(seconds, _): (i64, i64)| {
        if seconds >= second && seconds <= second + 1 {
            seconds - 1
        } else {
            seconds
        }
    };
    let entry = |watch: &Watch| Entry {
        path: watch.path.clone(),
        modified: watch.modified.map(seconds),
    };
    watches.iter().map(entry).collect()
}

/// Bash that has direnv watch `ours` as well. `known`: `$DIRENV_WATCHES`.
pub(super) fn watch(known: Option<&OsStr>, ours: &[Entry]) -> Vec<u8> {
    let mut text = Vec::new();
    match known.and_then(|known| decode(known.as_bytes())) {
        Some(entries) => {
            text.extend_from_slice(b"export DIRENV_WATCHES=");
            sh_quote(encode(entries, ours).as_bytes(), &mut text);
            text.push(b'\n');
        }
        None => by_direnv(ours, &mut text),
    }
    text
}

fn decode(known: &[u8]) -> Option<Vec<Value>> {
    let packed = URL_SAFE.decode(known.trim_ascii()).ok()?;
    let mut json = Vec::new();
    let unpacked = Decoder::new(packed.as_slice()).ok()?;
    unpacked.take(LIMIT).read_to_end(&mut json).ok()?;
    let Value::Array(entries) = serde_json::from_slice(&json).ok()? else {
        return None;
    };
    let is_known = |entry: &Value| {
        entry.as_object().is_some_and(|entry| {
            let is = |name: &str| {
                field(entry, name).is_some_and(|(_, value)| match name {
                    "path" => value.is_string(),
                    "modtime" => value.is_i64(),
                    _ => value.is_boolean(),
                })
            };
            entry.len() == 3 && ["path", "modtime", "exists"].into_iter().all(is)
        })
    };
    (!entries.is_empty() && entries.iter().all(is_known)).then_some(entries)
}

/// What an entry has under this name, which direnv has spelt in more than one way.
fn field<'a>(entry: &'a Map<String, Value>, name: &str) -> Option<(&'a String, &'a Value)> {
    entry.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))
}

/// Whether the user has asked for a load after `then` (nanoseconds since 1970):
/// `direnv reload` touches the .envrc, `direnv allow` the file that it remembers
/// that by. What is of the future says nothing.
pub(super) fn asked_since(known: Option<&OsStr>, then: u64) -> bool {
    let entries = known
        .and_then(|known| decode(known.as_bytes()))
        .unwrap_or_default();
    let path = |entry: &Value| {
        let (_, path) = field(entry.as_object()?, "path")?;
        path.as_str().map(PathBuf::from)
    };
    let theirs = |path: &PathBuf| {
        let above = path.parent().and_then(Path::file_name);
        path.file_name().is_some_and(|name| name == ".envrc") || above.is_some_and(|name| name == "allow")
    };
    let changed = |path: PathBuf| {
        let time = path.metadata().and_then(|file| file.modified()).ok()?;
        let since = time.duration_since(UNIX_EPOCH).ok()?;
        Some(since.as_nanos() as u64)
    };
    let paths = entries.iter().filter_map(path).filter(theirs);
    let now = now();
    paths.filter_map(changed).any(|time| then < time && time <= now)
}

/// How long `ours` can become in `$DIRENV_WATCHES`, whatever packing does.
pub(super) fn longest(ours: &[Entry]) -> usize {
    let entry = |entry: &Entry| 2 * entry.path.as_os_str().len() + 128;
    ours.iter().map(entry).sum()
}

/// As many of `ours` as fit into `room` bytes of `$DIRENV_WATCHES`: first what is
/// not there and what is written in Nix, then directories, which tell of most
/// edits below them, then the rest.
pub(super) fn fewer(known: Option<&OsStr>, ours: &[Entry], room: usize) -> Vec<Entry> {
    let mut kept = ours.to_vec();
    if longest(ours) < room {
        return kept;
    }
    let mut length = encoded(known, &kept).len();
    if length <= room {
        return kept;
    }
    kept.sort_by_cached_key(|entry| {
        let path = &entry.path;
        let named = path.extension().is_some_and(|extension| extension == "nix");
        if entry.modified.is_none() || named || path.starts_with("/proc") {
            0
        } else {
            1 + u8::from(!path.is_dir())
        }
    });
    while length > room && !kept.is_empty() {
        let fits = kept.len() as u64 * room as u64 / length as u64;
        kept.truncate((fits * 9 / 10) as usize);
        length = encoded(known, &kept).len();
    }
    kept
}

/// `$DIRENV_WATCHES` with `ours` in it, in any case about as long as it will be.
pub(super) fn encoded(known: Option<&OsStr>, ours: &[Entry]) -> String {
    let entries = known.and_then(|known| decode(known.as_bytes()));
    encode(entries.unwrap_or_default(), ours)
}

/// As direnv packs what it keeps in a variable, or a little longer: to make codes for
/// a few hundred bytes takes a quarter of all that a load works.
pub(super) fn pack(json: &Value) -> String {
    let json = serde_json::to_vec(json).expect("a value is JSON");
    let mut options = EncodeOptions::new();
    if json.len() < LONG {
        options = options.fixed_huffman_codes();
    }
    let packed = Encoder::with_options(Vec::new(), options).and_then(|mut encoder| {
        encoder.write_all(&json)?;
        encoder.finish().into_result()
    });
    URL_SAFE.encode(packed.expect("a vector takes what it is given"))
}

/// direnv takes the keys in any case; spelt as its own they pack better. A path
/// that is not UTF-8 has no form in JSON; direnv cannot watch its own .envrc
/// there, and loads at every prompt.
fn encode(mut entries: Vec<Value>, ours: &[Entry]) -> String {
    let theirs = entries.first().and_then(Value::as_object);
    let spelt = |name: &str| {
        let field = theirs.and_then(|entry| field(entry, name));
        field.map_or_else(|| name.to_owned(), |(key, _)| key.clone())
    };
    let (path, modtime, exists) = (spelt("path"), spelt("modtime"), spelt("exists"));
    entries.extend(ours.iter().filter_map(|entry| {
        Some(Value::Object(Map::from_iter([
            (path.clone(), entry.path.to_str()?.into()),
            (modtime.clone(), entry.modified.unwrap_or(0).into()),
            (exists.clone(), entry.modified.is_some().into()),
        ])))
    }));
    pack(&Value::Array(entries))
}

/// Two starts of direnv: one for what is there, with times; one for what is not.
fn by_direnv(ours: &[Entry], text: &mut Vec<u8>) {
    let sayable = |watch: &&Entry| !watch.path.as_os_str().as_bytes().contains(&b'\n');
    let (there, absent): (Vec<&Entry>, Vec<&Entry>) = ours
        .iter()
        .filter(sayable)
        .partition(|watch| watch.modified.is_some());
    if !there.is_empty() {
        let mut lines = Vec::new();
        for watch in there {
            let modified = watch.modified.unwrap_or(0);
            lines.extend_from_slice(format!("{modified} ").as_bytes());
            lines.extend_from_slice(watch.path.as_os_str().as_bytes());
            lines.push(b'\n');
        }
        text.extend_from_slice(b"eval \"$(printf %s ");
        sh_quote(&lines, text);
        text.extend_from_slice(b" | \"$direnv\" watch-list bash)\"\n");
    }
    if !absent.is_empty() {
        text.extend_from_slice(b"watch_file");
        for watch in absent {
            text.push(b' ');
            sh_quote(watch.path.as_os_str().as_bytes(), text);
        }
        text.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ours() -> Vec<Entry> {
        let entry = |path: &str, modified| Entry {
            path: PathBuf::from(path),
            modified,
        };
        vec![
            entry("/p/crate-env.nix", Some(1000)),
            entry("/p/flake.lock", None),
        ]
    }

    #[test]
    fn ours_stand_beside_those_of_direnv() {
        let theirs = encode(
            vec![json!({ "Path": "/p/.envrc", "Modtime": 7, "Exists": true })],
            &[],
        );
        let entries = decode(theirs.as_bytes()).expect("a list");
        let both = decode(encode(entries, &ours()).as_bytes()).expect("a list");
        assert_eq!(
            Value::Array(both),
            json!([
                { "Path": "/p/.envrc", "Modtime": 7, "Exists": true },
                { "Path": "/p/crate-env.nix", "Modtime": 1000, "Exists": true },
                { "Path": "/p/flake.lock", "Modtime": 0, "Exists": false },
            ])
        );
    }

    #[test]
    fn what_was_changed_in_this_very_second_is_looked_at_once_more() {
        let watch = Watch {
            path: PathBuf::from("/p"),
            modified: Some((1000, 5)),
        };
        let at = |began: u64| entries(std::slice::from_ref(&watch), began * 1_000_000)[0].modified;
        assert_eq!(at(1_000_500), Some(999));
        assert_eq!(at(1_001_010), Some(999), "the clock of files is late");
        assert_eq!(at(1_001_500), Some(1000));
    }

    #[test]
    fn a_list_in_another_form_is_left_to_direnv() {
        for odd in ["", "!", "AAAA"] {
            assert_eq!(decode(odd.as_bytes()), None, "{odd}");
        }
        let other = encode(
            vec![json!({ "path": "/p/.envrc", "inode": 7, "exists": true })],
            &[],
        );
        assert_eq!(decode(other.as_bytes()), None);
        let text = String::from_utf8(watch(Some(OsStr::new(&other)), &ours())).expect("UTF-8");
        assert_eq!(
            text,
            "eval \"$(printf %s '1000 /p/crate-env.nix\n' | \"$direnv\" watch-list bash)\"\n\
             watch_file '/p/flake.lock'\n"
        );
    }
}
