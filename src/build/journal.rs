//! What the wrapper notes of each unit, for `cargo-nix stats` and `why`: one
//! line of JSON, appended in one write to the file of the cargo that asked.
//!
//! A build is a cargo process: its id is its process id and when it began. Its
//! file lies in the cache; the last [`KEPT`] builds are kept.
//!
//! Promises: a line is shorter than [`LINE`], so that units that end at the same
//! moment do not mix. Nothing here can fail a build: what cannot be noted is not.

use crate::sealed;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// How many builds are remembered.
pub const KEPT: usize = 100;
/// Bytes of a line, at most.
const LINE: usize = 4096;
/// Bytes of a build's file, at most: some 50,000 units.
const FILE: u64 = 16 << 20;
/// Bytes of a reason, at most.
const REASON: usize = 600;

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was in the store.
    Hit,
    /// It was in the store, of which this cache did not know.
    Found,
    /// It was built into the store.
    Built,
    /// It was left to rustc (a script: run) as if we were not there.
    Local,
    /// Its builder failed.
    Failed,
}

/// A unit of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What became of it.
    pub outcome: Outcome,
    /// Its package's name.
    pub package: String,
    /// Its package's version.
    pub version: String,
    /// `lib`, `proc-macro`, `bin`, `build-script`, `run`, `test`, …
    pub kind: String,
    /// Metadata alone, as `cargo check` wants it.
    #[serde(default)]
    pub check: bool,
    /// Its crate, as rustc names it, with cargo's hash: `serde-0123`.
    pub stem: String,
    /// Where cargo wants its outputs.
    pub dir: PathBuf,
    /// When it was asked for, microseconds since the epoch.
    pub start: u64,
    /// How long it took, in microseconds; of a local unit, only what comes
    /// after it can tell (see [`Entry::before`]).
    pub took: Option<u64>,
    /// When the outputs that a local unit replaces were written, microseconds
    /// since the epoch: this is when the build before this one ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How long it took to build, in seconds, when it was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Where it is in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where cargo has its source, if it is of the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    /// Why it is local, or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A line of a build's file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    /// The build itself; the first line.
    Build {
        /// cargo's command line.
        command: Vec<String>,
    },
    /// A unit of it.
    Unit(Box<Entry>),
}

/// The builds of a cache.
pub fn directory(cache: &Path) -> PathBuf {
    cache.join("units/builds")
}

/// Which build this process works for: cargo's process and when that began.
pub fn build_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(of_parent)
}

fn of_parent() -> String {
    let parent = cargo_process();
    let began = stat(parent, 22);
    format!("{parent}-{}", began.unwrap_or_else(|| "0".into()))
}

/// cargo, which asked for the unit: our parent, or that of the shim of a script.
pub fn cargo_process() -> i32 {
    let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    let shim = std::env::var(super::script::SHIM_PROCESS).ok();
    match shim.and_then(|shim| shim.parse().ok()) == Some(parent) {
        true => stat(parent, 4).and_then(|of| of.parse().ok()).unwrap_or(parent),
        false => parent,
    }
}

/// A field of what the system says of a process, by its number in proc(5), from 3 on.
fn stat(process: i32, field: usize) -> Option<String> {
    // Each read computes all of it anew: one is enough for what is a few hundred bytes.
    let mut bytes = [0; 1024];
    let mut file = File::open(format!("/proc/{process}/stat")).ok()?;
    let length = file.read(&mut bytes).ok()?;
    let stat = std::str::from_utf8(&bytes[..length]).ok()?;
    // The second may hold blanks, and ends with a parenthesis.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(field - 3).map(str::to_owned)
}

/// cargo's command line, where the system tells.
fn command() -> Vec<String> {
    let parent = cargo_process();
    let bytes = std::fs::read(format!("/proc/{parent}/cmdline")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let mut left = LINE / 4;
    // `cargo clippy` has `cargo check` call another compiler for the members.
    let wrapper = std::env::var_os("RUSTC_WORKSPACE_WRAPPER").unwrap_or_default();
    let is_clippy = Path::new(&wrapper).file_stem() == Some("clippy-driver".as_ref());
    let word = |(at, word): (usize, &[u8])| match word {
        b"check" if at == 1 && is_clippy => "clippy".to_owned(),
        word => cut(&String::from_utf8_lossy(word), 200),
    };
    without_secrets(words)
        .enumerate()
        .map(word)
        .take_while(|word| {
            left = left.saturating_sub(word.len() + 3);
            left > 0
        })
        .collect()
}

/// What cargo is called with, but the values of `--token`.
fn without_secrets<'a>(words: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = &'a [u8]> {
    const TOKEN: &[u8] = b"--token";
    let mut is_next = false;
    words.map(move |word| {
        let is_secret = std::mem::replace(&mut is_next, word == TOKEN);
        match word.strip_prefix(TOKEN) {
            _ if is_secret => &b"..."[..],
            Some([b'=', ..]) => b"--token=...",
            _ => word,
        }
    })
}

/// Appends the unit to the journal of its build.
pub fn note(cache: &Path, mut entry: Entry) {
    entry.reason = entry.reason.map(|reason| cut(&reason, REASON));
    let mut text = line(&Line::Unit(Box::new(entry)));
    if text.len() > LINE {
        return;
    }
    let directory = directory(cache);
    let path = directory.join(build_id());
    let open = || OpenOptions::new().append(true).create(true).open(&path);
    let file = open().or_else(|_| crate::sealed::make_directory(&directory).and_then(|()| open()));
    let Ok(mut file) = file else { return };
    let length = file.metadata().map_or(u64::MAX, |metadata| metadata.len());
    if length > FILE {
        return;
    }
    if length == 0 {
        text.insert_str(0, &line(&Line::Build { command: command() }));
        // The marks of `said_once` beside them double the number.
        prune(&directory, 2 * KEPT);
    }
    let _ = file.write_all(text.as_bytes());
}

fn line(line: &Line) -> String {
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}

/// `text`, or its beginning.
fn cut(text: &str, length: usize) -> String {
    match text.char_indices().find(|(at, _)| *at >= length) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Removes the older half of the files, if there are more than so many.
pub(super) fn prune(directory: &Path, most: usize) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    if files.len() <= most {
        return;
    }
    files.sort();
    for (_, path) in &files[..files.len() - most / 2] {
        let _ = std::fs::remove_file(path);
    }
}

/// Whether nobody has said it in this build yet; from now on somebody has.
pub fn said_once(cache: Option<&Path>, what: &str) -> bool {
    let name = format!("{}.{what}", build_id());
    let mark = |directory: &Path| {
        std::fs::create_dir_all(directory)?;
        File::create_new(directory.join(&name))
    };
    let marked = match cache {
        Some(cache) => mark(&directory(cache)),
        None => Err(std::io::Error::other("there is no cache")),
    };
    let is_taken = |error: &std::io::Error| error.kind() == std::io::ErrorKind::AlreadyExists;
    match marked {
        Ok(_) => true,
        Err(error) if is_taken(&error) => false,
        Err(_) => {
            let beside = std::env::temp_dir().join(format!("{}{name}", sealed::TEMPORARY_PREFIX));
            File::create_new(beside).is_ok()
        }
    }
}

/// Microseconds since the epoch.
pub fn micros(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The same, of a duration.
pub fn micros_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// When the newest output of a unit of `package` was written, microseconds since the
/// epoch. Before it makes a program anew cargo removes it; what tells of it then is
/// what cargo noted when it was made. Its `.d` is written first, and tells nothing.
pub fn written(dir: &Path, stem: &str, package: &str) -> Option<u64> {
    let names = [
        format!("lib{stem}.rlib"),
        format!("lib{stem}.rmeta"),
        format!("lib{stem}.so"),
        format!("lib{stem}.dylib"),
        stem.to_owned(),
    ];
    let hash = stem.rsplit('-').next().unwrap_or_default();
    let notes = dir
        .with_file_name(".fingerprint")
        .join(format!("{package}-{hash}"));
    let notes = std::fs::read_dir(notes).into_iter().flatten().flatten();
    names
        .iter()
        .map(|name| dir.join(name))
        .chain(
            notes
                .map(|note| note.path())
                .filter(|path| path.extension() == Some("json".as_ref())),
        )
        .filter_map(|path| std::fs::symlink_metadata(path).ok()?.modified().ok())
        .max()
        .map(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_nobody_elses() {
        let words = [
            "cargo",
            "publish",
            "--token",
            "s3cret",
            "--token=s3cret",
            "--tokens",
        ];
        let shown: Vec<_> = without_secrets(words.iter().map(|word| word.as_bytes())).collect();
        let expected = ["cargo", "publish", "--token", "...", "--token=...", "--tokens"];
        assert_eq!(shown, expected.map(str::as_bytes));
    }

    fn entry(reason: &str) -> Entry {
        Entry {
            outcome: Outcome::Local,
            package: "a".into(),
            version: "1.0.0".into(),
            kind: "lib".into(),
            check: false,
            stem: "a-1".into(),
            dir: "/t/debug/deps".into(),
            start: 1,
            took: None,
            before: None,
            cost: None,
            path: None,
            source: None,
            reason: Some(reason.into()),
        }
    }

    #[test]
    fn a_line_is_short_whatever_the_reason() {
        let cache = tempfile::tempdir().unwrap();
        note(cache.path(), entry(&"ü\"\n".repeat(10_000)));
        note(cache.path(), entry("short"));
        let file = directory(cache.path()).join(build_id());
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().all(|line| line.len() < LINE));
    }

    #[test]
    fn old_builds_go() {
        let cache = tempfile::tempdir().unwrap();
        let directory = directory(cache.path());
        std::fs::create_dir_all(&directory).unwrap();
        for n in 0..=2 * KEPT {
            std::fs::write(directory.join(format!("{n}-0")), "").unwrap();
        }
        prune(&directory, 2 * KEPT);
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), KEPT);
    }

    #[test]
    fn a_thing_is_said_once_in_a_build() {
        let cache = tempfile::tempdir().unwrap();
        assert!(said_once(Some(cache.path()), "word"));
        assert!(!said_once(Some(cache.path()), "word"));
        assert!(said_once(Some(cache.path()), "other"));
    }
}
