//! The cargo process that asks: what it was told to build.

use super::super::journal;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// Options of cargo that may have the target directory elsewhere.
const ELSEWHERE: [&str; 8] = [
    "--target-dir",
    "--path",
    "--config",
    "--manifest-path",
    "--lockfile-path",
    "--artifact-dir",
    "-C",
    "-Z",
];
/// Words of cargo that do not change what is built.
const MANNERS: [&str; 8] = [
    "-v",
    "-q",
    "--verbose",
    "--quiet",
    "--locked",
    "--offline",
    "--frozen",
    "--keep-going",
];
/// Options with a value of which the same is true.
const MANNERS_WITH: [&str; 4] = ["--color", "--message-format", "--jobs", "-j"];

/// See the module.
pub struct Cargo {
    /// It.
    pub program: PathBuf,
    /// Its command line.
    pub words: Vec<OsString>,
    /// Where it works.
    pub directory: PathBuf,
}

impl Cargo {
    /// The process that started this one, where the system tells.
    pub fn here() -> Option<Cargo> {
        let process = PathBuf::from(format!("/proc/{}", journal::cargo_process()));
        let line = std::fs::read(process.join("cmdline")).ok()?;
        let words = line.split(|byte| *byte == 0);
        Some(Cargo {
            program: process.join("exe").read_link().ok()?,
            words: words.map(|word| OsString::from_vec(word.to_vec())).collect(),
            directory: process.join("cwd").read_link().ok()?,
        })
    }

    /// How often it was told to be verbose.
    fn loudness(&self) -> usize {
        let of = |word: &OsString| match word.as_bytes() {
            b"--verbose" => 1,
            [b'-', b'-', ..] => 0,
            // Several in one word, up to one that has a value: `-rvv`, `-vvpname`.
            [b'-', letters @ ..] => {
                let flags = letters.iter().take_while(|letter| !b"pFjZC".contains(letter));
                flags.filter(|letter| **letter == b'v').count()
            }
            _ => 0,
        };
        self.words.iter().take_while(|word| *word != "--").map(of).sum()
    }

    /// The words that say what to build; `None` if one of them may have the target
    /// directory elsewhere, or all is to be shown. What comes after `--` is for the program.
    pub fn asks(&self) -> Option<Vec<&OsStr>> {
        // Twice, it is to show what everything says that is compiled and run.
        if self.loudness() > 1 {
            return None;
        }
        let words = self.words.iter().skip(1).map(OsString::as_os_str);
        let asked: Vec<&OsStr> = words.take_while(|word| *word != "--").collect();
        let is_elsewhere = |word: &&OsStr| {
            let bytes = word.as_bytes();
            ELSEWHERE
                .iter()
                .any(|option| bytes.starts_with(option.as_bytes()))
        };
        if asked.iter().any(is_elsewhere) {
            return None;
        }
        let mut asks = Vec::new();
        let mut words = asked.into_iter();
        while let Some(word) = words.next() {
            if MANNERS_WITH.iter().any(|option| word == *option) {
                words.next();
            } else if !is_manner(word.as_bytes()) {
                asks.push(word);
            }
        }
        Some(asks)
    }
}

fn is_manner(word: &[u8]) -> bool {
    let is_joined = |option: &&str| {
        word.strip_prefix(option.as_bytes())
            .is_some_and(|rest| !rest.is_empty())
    };
    MANNERS.iter().any(|manner| word == manner.as_bytes()) || MANNERS_WITH.iter().any(is_joined)
}
