//! An environment in the language of a shell or a runner: pure, bytes out.
//!
//! One file for each family of shells. Promises: what a shell reads gives it
//! byte for byte the values of the [`Changes`]; nothing in a value is ever run
//! or expanded; a variable that the language cannot have is left out and said
//! so in [`Rendered::warnings`].

mod dotenv;
mod elvish;
mod fish;
mod github;
mod json;
mod nu;
mod sh;

pub use github::{GithubFiles, random_delimiter};
pub(crate) use sh::{names as sh_names, quote as sh_quote};

use super::merge::{Change, Changes, Value};
use crate::hook::Shell;
use clap::ValueEnum;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The languages that `cargo-nix env --format` speaks. The words about each stand
/// in completions too, where fish and zsh expand them: without quotes and `$`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// POSIX sh, bash 3.2 and later, zsh
    #[default]
    Sh,
    /// the same text as sh
    Bash,
    /// the same text as sh
    Zsh,
    /// fish
    Fish,
    /// nushell, which loads it from JSON
    Nu,
    /// elvish
    Elvish,
    /// one JSON object, variables to values
    Json,
    /// lines of names and values, quoted as sh quotes
    Dotenv,
    /// append to the files of a GitHub job, print nothing
    Github,
}

/// A text for a shell, and what could not be said in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// What the shell is to read.
    pub text: Vec<u8>,
    /// Lower-case fragments, one for each variable that was left out.
    pub warnings: Vec<String>,
}

/// What one language needs to say.
trait Language {
    /// Why the language cannot have a variable of this name, if it cannot.
    fn refuses(&self, name: &str) -> Option<&'static str>;
    /// Appends what sets (or, for `None`, unsets) the variable.
    fn change(&self, name: &str, value: Option<&Value>, out: &mut Rendered);
    /// What stands around the changes.
    fn frame(&self) -> (&'static str, &'static str) {
        ("", "")
    }
}

/// The changes as text for `format`; [`Format::Github`] has two files instead,
/// see [`GithubFiles`], and yields no text here.
pub fn render(format: Format, changes: &Changes) -> Rendered {
    let language: &dyn Language = match format {
        Format::Sh | Format::Bash | Format::Zsh => &sh::Sh { prefix: "" },
        Format::Fish => &fish::Fish {
            prefix: "",
            hook: false,
        },
        Format::Nu => &nu::Nu,
        Format::Elvish => &elvish::Elvish,
        Format::Json => &json::Json,
        Format::Dotenv => &dotenv::Dotenv,
        Format::Github => return Rendered::default(),
    };
    write(language, changes)
}

/// The changes as the hook of `shell` evaluates them: as [`render`], but deaf to
/// aliases and functions of the user's that have the name of a builtin. `checks`:
/// where the shell can have variables that nobody can set, nothing is set before
/// it was asked about each; if there is one, it asks us again, and names them.
pub fn render_for_hook(shell: Shell, changes: &Changes, checks: bool) -> Rendered {
    let language: &dyn Language = match shell {
        Shell::Bash | Shell::Zsh if checks => return sh::checked(write(&sh::HOOK, changes), changes),
        Shell::Bash | Shell::Zsh => &sh::HOOK,
        Shell::Fish => &fish::Fish {
            prefix: "builtin ",
            hook: true,
        },
        Shell::Nu => &nu::Nu,
        Shell::Elvish => &elvish::Elvish,
    };
    write(language, changes)
}

/// `text` as a word of `shell`'s language.
pub(crate) fn quote_for(shell: Shell, text: &str, out: &mut Vec<u8>) {
    match shell {
        Shell::Bash | Shell::Zsh => sh::quote(text.as_bytes(), out),
        Shell::Fish => fish::quote(text.as_bytes(), out),
        Shell::Nu => nu::quote(text, out),
        Shell::Elvish => elvish::quote(text.as_bytes(), out),
    }
}

fn write(language: &dyn Language, changes: &Changes) -> Rendered {
    let mut out = Rendered {
        warnings: changes.left_out.clone(),
        ..Rendered::default()
    };
    let (begin, end) = language.frame();
    out.text.extend_from_slice(begin.as_bytes());
    for Change { name, value } in &changes.list {
        match language.refuses(name) {
            Some(why) => out.warnings.push(format!("variable {name:?} is left out: {why}")),
            None => language.change(name, value.as_ref(), &mut out),
        }
    }
    out.text.extend_from_slice(end.as_bytes());
    out
}

/// Why `name` cannot be set in `shell` (a key of data/shell-names.json), or
/// in any shell.
fn refused(shell: &str, name: &str) -> Option<&'static str> {
    if !is_identifier(name) {
        return Some("shells cannot have a variable of this name");
    }
    is_special(shell, name).then_some("the shell keeps this name for itself")
}

/// `[A-Za-z_][A-Za-z0-9_]*`
pub(crate) fn is_identifier(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether `shell` keeps the name for itself: setting it fails, or does
/// something else than setting a variable.
fn is_special(shell: &str, name: &str) -> bool {
    #[derive(Deserialize)]
    struct Names<'a>(#[serde(borrow)] BTreeMap<&'a str, Vec<&'a str>>);
    static NAMES: std::sync::LazyLock<Names<'static>> = std::sync::LazyLock::new(|| {
        serde_json::from_str(include_str!("../../data/shell-names.json"))
            .expect("shell-names.json is part of this program")
    });
    NAMES.0.get(shell).is_some_and(|names| names.contains(&name))
}
