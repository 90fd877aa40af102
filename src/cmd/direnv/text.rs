//! A load as bash: variables, watches, a word to the user, the shellHook; or,
//! where direnv is to be asked first, the question.

use super::export::{Fitted, Load};
use super::watches::{self, Entry};
use crate::background::State;
use crate::cli::DirenvExportArgs;
use crate::cmd::start;
use crate::env::merge::Changes;
use crate::env::render::{Format, is_identifier, render, sh_names, sh_quote};
use crate::hook::outside;
use crate::vars::{STATUS, Vars};
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Says which variables the .envrc has declared as what takes no text, given the
/// names of all that would be set.
const DECLARED: &str = include_str!("../../../shell-hooks/direnv-declared.sh");
/// Defines `__cargo_nix_run_hook`.
const RUN_HOOK: &str = include_str!("../../../shell-hooks/direnv-run-hook.sh");

impl Fitted {
    /// The bash that direnv's bash is to evaluate.
    pub(super) fn text(self, args: &DirenvExportArgs, vars: &Vars) -> Vec<u8> {
        let Fitted {
            load,
            changes,
            watched,
        } = self;
        let mut text = Vec::new();
        if let Some(digest) = load.ask_first {
            let list = words(&load.required());
            if load.state == State::Ready && !list.is_empty() {
                line(&mut text, &[b"require_allowed", &list]);
            } else {
                load.ask(&list, &digest, &changes, args, &mut text);
                return text;
            }
        }
        let known = vars.direnv_watches.as_deref();
        text.extend_from_slice(&watches::watch(known, &watched.entries));
        if watched.left_out > 0 {
            let words = format!(
                "cargo-nix: {} of {} inputs are too many for direnv to remember: an edit of one of these is seen at \
                 the next load (`direnv reload`)",
                watched.left_out,
                load.watches.len()
            );
            line(&mut text, &[b"log_status ", &quoted(words.as_bytes())]);
        }
        // To set what is readonly would end the .envrc, and with it what is watched.
        let names: Vec<&str> = sh_names(&changes).into_iter().chain([STATUS]).collect();
        text.extend_from_slice(&are_plain(&names));
        load.apply(&changes, &mut text);
        load.tell(args, &mut text);
        if let Some(hook) = load.env.as_ref().map(|env| env.shell_hook.as_str())
            && !hook.trim().is_empty()
        {
            text.extend_from_slice(RUN_HOOK.as_bytes());
            let mut call = [b"__cargo_nix_run_hook ".as_slice(), &quoted(hook.as_bytes())].concat();
            for name in exported(&changes) {
                call.push(b' ');
                call.extend_from_slice(name.as_bytes());
            }
            line(&mut text, &[&call]);
        }
        line(&mut text, &[b"else"]);
        line(&mut text, &[b"set -- ", names.join(" ").as_bytes()]);
        text.extend_from_slice(DECLARED.as_bytes());
        line(&mut text, &[b"fi"]);
        text
    }
}

impl Load {
    fn apply(&self, changes: &Changes, text: &mut Vec<u8>) {
        let rendered = render(Format::Bash, changes);
        start::warn(&rendered.warnings);
        text.extend_from_slice(&rendered.text);
        let name = outside::CARRIED_BY_DIRENV;
        match outside::carried(changes, &std::env::vars_os().collect()) {
            Some(carried) => line(text, &[b"export ", name.as_bytes(), b"=", carried.as_bytes()]),
            // Of an .envrc above, which this one takes in.
            None if std::env::var_os(name).is_some() => line(text, &[b"unset ", name.as_bytes()]),
            None => {}
        }
        line(
            text,
            &[
                b"export ",
                STATUS.as_bytes(),
                b"=",
                self.state.as_str().as_bytes(),
            ],
        );
    }

    /// Nothing is evaluated before the inputs are allowed. `require_allowed`
    /// ends the .envrc if they are not; what was there before is applied first
    /// then, and only then.
    fn ask(
        &self,
        list: &[u8],
        digest: &blake3::Hash,
        changes: &Changes,
        args: &DirenvExportArgs,
        text: &mut Vec<u8>,
    ) {
        // About what lies above the .envrc direnv cannot be asked.
        if !list.is_empty() {
            line(
                text,
                &[b"if (require_allowed", list, b" >/dev/null 2>&1; exit 9); then"],
            );
            self.apply(changes, text);
            line(text, &[b"require_allowed", list]);
            text.extend_from_slice(b"fi\n");
        }
        text.extend_from_slice(b"use_cargo-nix --required ");
        text.extend_from_slice(digest.to_hex().as_bytes());
        for (given, option) in [
            (args.impure, " --impure"),
            (args.offline, " --offline"),
            (args.wait, " --wait"),
        ] {
            if given {
                text.extend_from_slice(option.as_bytes());
            }
        }
        if let Some(directory) = &args.directory {
            text.extend_from_slice(b" -- ");
            text.extend_from_slice(&quoted(directory.as_os_str().as_bytes()));
        }
        text.push(b'\n');
    }

    fn tell(&self, args: &DirenvExportArgs, text: &mut Vec<u8>) {
        let (how, what) = match self.state {
            State::Ready => return,
            State::Building => (
                "log_status",
                format!(
                    "cargo-nix: the environment is being built; it comes when it is ready (`{}`)",
                    typed("status", args)
                ),
            ),
            State::Stale if self.message.is_none() => (
                "log_status",
                format!(
                    "cargo-nix: the last environment stays until the new one is built (`{}`)",
                    typed("status", args)
                ),
            ),
            State::Stale | State::Failed => {
                let kept = match (self.state, &self.env) {
                    (State::Stale, _) => "\n  until then the last environment that is allowed is used",
                    (_, Some(_)) => "\n  the last good environment stays",
                    (_, None) => "",
                };
                let message = self.message.as_deref().unwrap_or("no environment");
                // direnv prints it as it is, and there are names of the project's in it.
                let text = crate::say::printable(&format!("cargo-nix: {message}{kept}"));
                ("log_error", text)
            }
        };
        // direnv's log_error up to 2.25 calls tput, which fails without TERM: that
        // must not end an .envrc under `set -e`.
        line(text, &[how.as_bytes(), b" ", &quoted(what.as_bytes()), b" || :"]);
    }

    /// The files that direnv can be asked about: those below the .envrc.
    fn required(&self) -> Vec<PathBuf> {
        let Some(here) = here() else { return Vec::new() };
        let files = self.watches.iter().filter_map(|watch| below(&here, watch));
        files.map(Path::to_path_buf).collect()
    }
}

/// `cargo-nix VERB` as it is to be typed about the project of this load, which is
/// not that of the directory at hand if the .envrc names another.
pub(super) fn typed(verb: &str, args: &DirenvExportArgs) -> String {
    let directory = args
        .directory
        .as_ref()
        .and_then(|given| given.canonicalize().ok());
    let name = directory.as_ref().and_then(|directory| directory.to_str());
    let simple = |c: char| c.is_alphanumeric() || "/._-+,@%:=".contains(c);
    match name {
        Some(name) if name.chars().all(simple) => format!("cargo-nix {verb} --project {name}"),
        Some(name) if !name.contains(crate::say::acts) => {
            let quoted = quoted(name.as_bytes());
            let quoted = String::from_utf8_lossy(&quoted);
            format!("cargo-nix {verb} --project {quoted}")
        }
        _ => format!("cargo-nix {verb}"),
    }
}

/// The first file that direnv cannot be asked about, if there is one: it refuses
/// paths that lead upwards.
pub(super) fn beyond(watches: &[Entry]) -> Option<&Path> {
    let here = here().unwrap_or_default();
    let mut files = watches.iter().filter(|watch| watch.path.is_file());
    let file = files.find(|watch| below(&here, watch).is_none())?;
    Some(&file.path)
}

/// Where the .envrc is.
fn here() -> Option<PathBuf> {
    std::env::current_dir().and_then(|here| here.canonicalize()).ok()
}

/// The path of a file from there.
fn below<'a>(here: &Path, watch: &'a Entry) -> Option<&'a Path> {
    let path = watch.path.strip_prefix(here).ok()?;
    let upwards = path.as_os_str().as_bytes().windows(2).any(|two| two == b"..");
    (!upwards && watch.modified.is_some() && watch.path.is_file()).then_some(path)
}

/// What bash exports once the changes are made, as far as bash can name it.
fn exported(changes: &Changes) -> BTreeSet<String> {
    let present = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let set = changes.list.iter().map(|change| change.name.clone());
    present.chain(set).filter(|name| is_identifier(name)).collect()
}

/// The beginning of an `if` in bash: each of these variables is not there, or a text,
/// exported or not. Before 4.4, bash cannot tell in its own process, and it holds.
fn are_plain(names: &[&str]) -> Vec<u8> {
    let mut text = b"local __cargo_nix_flags=$- __cargo_nix_declared=\n\
                     set +u\n\
                     ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)) || __cargo_nix_declared="
        .to_vec();
    for name in names {
        text.extend_from_slice(format!("${{{name}@a}}").as_bytes());
    }
    text.extend_from_slice(
        b"\ncase $__cargo_nix_flags in *u*) set -u ;; esac\n\
          if [[ $__cargo_nix_declared != *[!x]* ]]; then\n",
    );
    text
}

fn words(paths: &[PathBuf]) -> Vec<u8> {
    let mut list = Vec::new();
    for path in paths {
        list.push(b' ');
        sh_quote(path.as_os_str().as_bytes(), &mut list);
    }
    list
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    sh_quote(text, &mut out);
    out
}

fn line(text: &mut Vec<u8>, parts: &[&[u8]]) {
    text.extend_from_slice(&parts.concat());
    text.push(b'\n');
}
