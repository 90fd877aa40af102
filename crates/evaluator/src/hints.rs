//! The way out of an error, recognised by libnix's message.

use crate::places::{Places, below};
use std::path::Path;

/// A rule: what the message holds, and what to do about it.
const RULES: &[(&[&str], &str)] = &[
    (
        &["was not found in the Nix search path"],
        "NIX_PATH does not name it; better, name the input in flake.lock or npins and take it as an argument \
         (`{ pkgs, … }:`)",
    ),
    (
        &["cannot look up '<", "search path"],
        "name the input in flake.lock or npins and take it as an argument (`{ pkgs, … }:`); \
         `--impure` allows <…> look-ups and gives up the promise that the cache knows all inputs",
    ),
    (
        &[
            "requires a 'sha256' argument",
            "in pure evaluation mode, 'fetch",
            "doesn't fetch unlocked",
            "unlocked",
        ],
        "lock it: add `sha256` (or `narHash` and `rev`), or make it an input of flake.nix or npins",
    ),
    (
        &[
            "'currentSystem'",
            "attribute 'currentSystem' missing",
            "undefined variable '__currentSystem'",
        ],
        "take `system` as an argument of crate-env.nix",
    ),
    (
        &["'currentTime'", "undefined variable '__currentTime'"],
        "the time is no input of an environment; set it in `shellHook`, which runs when the shell starts",
    ),
    (
        &["'builtins.storePath' is not allowed"],
        "an environment is evaluated from the project's own files alone: make what it needs an input of \
         flake.nix or npins",
    ),
    (
        &["infinite recursion encountered"],
        "a value is defined by itself; `--show-trace` shows the way around",
    ),
    (
        &["stack overflow", "max-call-depth exceeded"],
        "a function calls itself, or files import each other, without end or more than 10,000 deep; \
         `--show-trace` shows which",
    ),
    (
        &["undefined variable"],
        "define it in a `let`, or take it as an argument (`{ rust, pkgs, … }:`)",
    ),
    (
        &["assertion '", "is not equal to"],
        "an `assert` says that this must not be so",
    ),
    (
        &["null bytes"],
        "a variable cannot hold a NUL byte; leave it out, or put the value into a file",
    ),
    (
        &["too many symbolic links"],
        "a link leads back to itself; put a file in its place",
    ),
    (
        &["IND_STRING_CLOSE"],
        "a string that begins with `''` is not closed",
    ),
    (
        &["unexpected end of file, expecting '\"'"],
        "a string that begins with `\"` is not closed",
    ),
    (
        &["hash mismatch"],
        "if the new content is what you want, put the hash after `got:` in its place",
    ),
    (
        &["cannot connect to socket", "cannot connect to daemon"],
        "no Nix daemon listens there: start nix-daemon (a service of that name, if Nix is installed for all \
         users), or correct NIX_REMOTE",
    ),
    (
        &[
            "Read-only file system",
            "Permission denied",
            "opening lock file",
            "remounting ",
        ],
        "the store or its state directory cannot be written; `cargo nix doctor` tells which, and how to mend it",
    ),
    (
        &["No space left on device"],
        "free some space: `cargo nix gc --collect`",
    ),
    (
        &[
            "Couldn't resolve host",
            "Could not resolve host",
            "unable to download",
            "Timeout was reached",
        ],
        "it is not in the store and could not be downloaded: without `--offline` and with a network it can be",
    ),
    (
        &["experimental Nix feature '"],
        "write it without that feature, so that every Nix can evaluate the project, or have nix.conf enable it \
         (`extra-experimental-features = …`)",
    ),
    (
        &["syntax error"],
        "the position is where Nix gave up; what is missing is there or just before it",
    ),
];

/// What to do about `message`, if that is known.
pub fn way_out(message: &str, places: Option<&Places>) -> Option<String> {
    if let Some(hint) = path_hint(message, places) {
        return Some(hint);
    }
    let rule = RULES
        .iter()
        .find(|(parts, _)| parts.iter().any(|part| message.contains(part)));
    rule.map(|(_, hint)| (*hint).to_owned())
}

/// Paths: missing in the snapshot, or outside of it.
fn path_hint(message: &str, places: Option<&Places>) -> Option<String> {
    let missing = message.contains("does not exist") || message.contains("No such file");
    let forbidden = message.contains("is forbidden in pure eval");
    if !missing && !forbidden {
        return None;
    }
    let path = message.split('\'').find(|part| part.starts_with('/'))?;
    if let Some(file) = places.and_then(|places| places.file(path)) {
        return Some(missing_in_snapshot(&file));
    }
    if forbidden && Path::new(path).parent() == places.and_then(|places| Path::new(&places.snapshot).parent())
    {
        return Some(OUTSIDE.to_owned());
    }
    if forbidden && places.is_some_and(|places| below(path, &places.project)) {
        return Some(format!(
            "write it as a path relative to the file that uses it; {OUTSIDE}"
        ));
    }
    forbidden.then(|| OUTSIDE.to_owned())
}

const OUTSIDE: &str = "an environment is evaluated from the project's own files alone: copy the file into the \
                       project, or make its directory an input of flake.nix or npins";

/// libnix's own suggestion, which stands in the full message only.
pub fn suggestion(trace: &str) -> Option<String> {
    let line = trace
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix("Did you mean "))?;
    let names = line.strip_suffix('?')?;
    let names = names.strip_prefix("one of ").unwrap_or(names);
    let names = names.replace(", ", "`, `").replace(" or ", "` or `");
    Some(format!("did you mean `{names}`?"))
}

/// What a set of ours has of which a name was missed; `expression`: what stands at
/// the error's place.
pub fn of_set(message: &str, expression: &str) -> Option<String> {
    let name = message.strip_prefix("attribute '")?.strip_suffix("' missing")?;
    let is = |set: &str| expression.starts_with(set);
    if is("rust.") {
        Some(format!(
            "`rust` has default, minimal, fromFile, fromChannel, withComponents, withTargets, and of components clippy, \
             llvm-tools, rust-analyzer, rust-src, rustfmt; others as `rust.withComponents [ \"{name}\" ]`"
        ))
    } else if is("lib.") || is("pkgs.lib.") {
        Some(
            "over the host set `lib` is the part of nixpkgs' that environments commonly use; all of it comes with \
             nixpkgs (flake.lock or npins)"
                .to_owned(),
        )
    } else {
        None
    }
}

fn missing_in_snapshot(file: &Path) -> String {
    if file.is_dir() && !file.join("default.nix").exists() {
        format!(
            "{} has no default.nix: to import, name a file in it; to read it, name it by a path literal of its own",
            file.display()
        )
    } else if file.exists() {
        format!(
            "{} is there but is not part of the inputs: name it by a path literal of its own (a directory that \
             holds a Cargo.toml stands for its *.nix files only)",
            file.display()
        )
    } else {
        format!("there is no {}", file.display())
    }
}
