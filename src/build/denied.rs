//! What a build script that failed in the sandbox lacked, by what it printed, and
//! the line of crate-env.nix that would give it. Pure; guesses, in the order of
//! the output, each thing once: all of the output is shown besides.

use crate::host::packages::Entry;
use std::collections::BTreeMap;

/// What is known of the machine and of the sandbox.
pub struct Place<'a> {
    /// The package whose script it is.
    pub package: &'a str,
    /// Programs and libraries, by nixpkgs' attribute.
    pub table: &'a BTreeMap<String, Entry>,
    /// Whether this absolute path is on the machine, and not in the sandbox.
    pub hidden: &'a dyn Fn(&str) -> bool,
}

const NETWORK: [&str; 7] = [
    "could not resolve host",
    "temporary failure in name resolution",
    "name or service not known",
    "network is unreachable",
    "failed to lookup address",
    "dns error",
    "no such host",
];
/// By which programs say that something is not there.
const MISSING: [&str; 16] = [
    "not found",
    "notfound",
    "not installed",
    "installed?",
    "no such file or directory",
    "could not find",
    "couldn't find",
    "could not be found",
    "cannot find",
    "can't find",
    "unable to find",
    "failed to find",
    "failed to execute",
    "failed to spawn",
    "failed to run",
    "is required",
];
const FORBIDDEN: [&str; 6] = [
    "permission denied",
    "permissiondenied",
    "(os error 13)",
    "read-only file system",
    "readonlyfilesystem",
    "(os error 30)",
];
/// By which they say that they could not start another, whose name comes next.
const NOT_STARTED: [&str; 13] = [
    "failed to find tool",
    "failed to execute command:",
    "failed to execute",
    "failed to spawn",
    "failed to start",
    "failed to run",
    "could not execute",
    "could not start",
    "could not run",
    "couldn't execute",
    "couldn't run",
    "unable to execute",
    "unable to run",
];
/// How Rust tells that a file, or a program, is not there.
const NOT_FOUND: [&str; 2] = ["kind: NotFound", "(os error 2)"];

/// One line for each thing that it lacked: what, and the way out.
pub fn explain(log: &str, place: &Place) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (mut at, mut nameless) = (None, None);
    for line in log.lines() {
        at = panicked_at(line).or(at);
        if NOT_FOUND.iter().any(|words| line.contains(words)) {
            nameless.get_or_insert(at.clone());
        }
        for told in of_line(line, place) {
            if !found.contains(&told) {
                found.push(told);
            }
        }
    }
    if let (true, Some(at)) = (found.is_empty(), nameless) {
        let package = place.package;
        let at = at.map_or("it".to_owned(), |at| format!("line {at}"));
        found.push(format!(
            "{at} looks for something that is not there, and does not say for what\n  \
             crates.{package}.nativeBuildInputs = [ … ];   # if it is a program of PATH\n  \
             crates.{package}.sandbox = false;   # if it is a file of the machine"
        ));
    }
    found
}

/// `3 of build.rs`, of the line in which Rust says where it panicked.
fn panicked_at(line: &str) -> Option<String> {
    let (_, place) = line.split_once(" panicked at ")?;
    let (rest, _column) = place.strip_suffix(':')?.rsplit_once(':')?;
    let (file, number) = rest.rsplit_once(':')?;
    let file = file.rsplit('/').next().unwrap_or(file);
    Some(format!("{number} of {file}"))
}

fn of_line(line: &str, place: &Place) -> Vec<String> {
    let lower = line.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let package = place.package;
    if says(&NETWORK) {
        return vec![format!(
            "the sandbox has no network\n  crates.{package}.sandbox = false;   # it is then built outside, and not shared"
        )];
    }
    let is_missing = says(&MISSING);
    if !is_missing && !says(&FORBIDDEN) {
        return Vec::new();
    }
    let mut told = Vec::new();
    let hidden = paths(line).find(|path| (place.hidden)(path));
    told.extend(hidden.map(|path| {
        format!(
            "the sandbox does not show {path}\n  crates.{package}.sandbox = false;   # or what has it, in \
             crates.{package}.buildInputs"
        )
    }));
    if is_missing {
        let named: Vec<&str> = named(line).collect();
        for (attribute, entry) in place.table {
            let said = |names: &[String]| names.iter().any(|name| named.contains(&name.as_str()));
            let linked = |name: &String| {
                let mut words = named.iter();
                words.any(|word| word.strip_prefix("-l") == Some(name) || shared(word) == Some(name))
            };
            if said(&entry.pkg_config) || said(&entry.headers) || entry.libraries.iter().any(linked) {
                told.push(lacks(package, "buildInputs", attribute));
            } else if said(&entry.programs) || attribute == "libclang" && line.contains("libclang") {
                told.push(lacks(package, "nativeBuildInputs", attribute));
            }
        }
        if let Some(tool) = not_started(line).filter(|_| told.is_empty()) {
            told.push(lacks(package, "nativeBuildInputs", tool));
        }
    } else if told.is_empty() {
        told.push(format!(
            "its source is read-only, so is what it copies from there, and all but its OUT_DIR\n  crates.{package}.sandbox = false;   # it is \
             then built outside, and not shared"
        ));
    }
    told
}

/// The program that could not be started, if the line names it.
fn not_started(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase();
    let follows = NOT_STARTED.iter().find_map(|words| {
        let rest = line.get(lower.find(words)? + words.len()..)?.trim_start();
        let mut quoted = rest.split(['`', '\'', '"']);
        // What is not quoted has to end there: it might be any word else.
        match quoted.next()? {
            "" => quoted.next()?.split_whitespace().next(),
            plain => [": ", ", "]
                .iter()
                .find_map(|end| plain.split_once(end))
                .map(|(word, _)| word),
        }
    });
    // `x: command not found`, ``is `x` installed?``, `x: Os { … }` of an `expect("x")`.
    let of_shell = || {
        let rest = line
            .strip_suffix(": not found")
            .or_else(|| line.strip_suffix(": command not found"))?;
        rest.rsplit(": ").next()
    };
    let asked = || {
        let (_, rest) = line.split_at(lower.find("is `")?);
        lower
            .contains("installed?")
            .then(|| rest.split('`').nth(1))
            .flatten()
    };
    let expected = || Some(line.split_once(": Os { code: 2, ")?.0);
    let is_name = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            && !["command", "process", "program", "script"].contains(word)
    };
    [follows, of_shell(), asked(), expected()]
        .into_iter()
        .flatten()
        .find(is_name)
}

/// The library whose file this is: `z` of `libz.so.1`.
fn shared(word: &str) -> Option<&str> {
    let (library, _) = word.strip_prefix("lib")?.split_once(".so")?;
    Some(library)
}

fn lacks(package: &str, list: &str, attribute: &str) -> String {
    let name = match attribute.contains('.') {
        true => format!("pkgs.{attribute}"),
        false => attribute.to_owned(),
    };
    format!("it looks for {attribute}\n  crates.{package}.{list} = [ {name} ];")
}

/// The words of a line that are names of something: what is quoted, what a colon
/// follows, and what is said to be a package or a library.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split(['`', '\'', '"']).skip(1).step_by(2);
    // The dynamic linker says it of any file that it does not find.
    let line = line.trim_end().trim_end_matches(": No such file or directory");
    let line = line.trim_end_matches(": cannot open shared object file");
    let before_colons = line.split(": ").filter_map(|part| words(part).last());
    let plain: Vec<&str> = words(line).collect();
    let told = (1..plain.len())
        .filter(move |at| {
            let before = plain[at - 1].to_ascii_lowercase();
            ["package", "library", "find", "tool"].contains(&before.as_str())
        })
        .map({
            let plain: Vec<&str> = words(line).collect();
            move |at| plain[at]
        });
    quoted.chain(before_colons).chain(told)
}

/// What stands between blanks, quotes and colons.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || "-_+./".contains(c)))
        .map(|word| word.trim_end_matches('.'))
}

fn paths(line: &str) -> impl Iterator<Item = &str> {
    words(line).filter(|word| word.starts_with('/') && word.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::packages;

    fn told(log: &str) -> Vec<String> {
        explain(
            log,
            &Place {
                package: "x-sys",
                table: &packages::table(),
                hidden: &|path| path.starts_with("/opt/"),
            },
        )
    }

    #[test]
    fn each_lack_is_told_with_the_line_that_gives_it() {
        for (log, line) in [
            (
                "failed to execute command: No such file or directory (os error 2)\nis `cmake` not installed?",
                "crates.x-sys.nativeBuildInputs = [ cmake ];",
            ),
            (
                "Could not find `protoc`. If `protoc` is installed, try",
                "crates.x-sys.nativeBuildInputs = [ protobuf ];",
            ),
            (
                "Unable to find libclang: \"couldn't find any valid shared libraries\"",
                "crates.x-sys.nativeBuildInputs = [ libclang ];",
            ),
            (
                "Package openssl was not found in the pkg-config search path.",
                "crates.x-sys.buildInputs = [ openssl ];",
            ),
            (
                "The system library `zlib` required by crate `libz-sys` was not found.",
                "crates.x-sys.buildInputs = [ zlib ];",
            ),
            (
                "/usr/bin/ld: cannot find -lbz2: No such file or directory",
                "crates.x-sys.buildInputs = [ bzip2 ];",
            ),
            (
                "x: error while loading shared libraries: libz.so.1: cannot open shared object file: No such file or \
                 directory",
                "crates.x-sys.buildInputs = [ zlib ];",
            ),
            (
                "curl: (6) Could not resolve host: a.example",
                "crates.x-sys.sandbox = false;",
            ),
            (
                "open /opt/lib/x.h: No such file or directory",
                "the sandbox does not show /opt/lib/x.h",
            ),
            (
                "error occurred in cc-rs: failed to find tool \"ccache\": No such file or directory (os error 2)",
                "crates.x-sys.nativeBuildInputs = [ ccache ];",
            ),
            (
                "failed to execute command: \"mytool\" \"-v\": No such file or directory (os error 2)",
                "crates.x-sys.nativeBuildInputs = [ mytool ];",
            ),
            (
                "Failed to run mytool: Os { code: 2, kind: NotFound, message: \"No such file or directory\" }",
                "crates.x-sys.nativeBuildInputs = [ mytool ];",
            ),
            (
                "mytool: Os { code: 2, kind: NotFound, message: \"No such file or directory\" }",
                "crates.x-sys.nativeBuildInputs = [ mytool ];",
            ),
            (
                "sh: 1: mytool: not found\nmake: *** [Makefile:2: all] Error 127",
                "crates.x-sys.nativeBuildInputs = [ mytool ];",
            ),
            (
                "called `Result::unwrap()` on an `Err` value: Os { code: 13, kind: PermissionDenied, message: \
                 \"Permission denied\" }",
                "its source is read-only",
            ),
            (
                "called `Result::unwrap()` on an `Err` value: Os { code: 30, kind: ReadOnlyFilesystem, message: \
                 \"Read-only file system\" }",
                "crates.x-sys.sandbox = false;",
            ),
            (
                "thread 'main' (7) panicked at build.rs:12:38:\ncalled `Result::unwrap()` on an `Err` value: \
                 Os { code: 2, kind: NotFound, message: \"No such file or directory\" }",
                "line 12 of build.rs looks for something that is not there",
            ),
        ] {
            let told = told(log);
            assert!(told.len() == 1 && told[0].contains(line), "{log}: {told:?}");
        }
    }

    #[test]
    fn what_is_no_lack_says_nothing() {
        assert_eq!(
            told(
                "thread 'main' panicked at build.rs:3:5:\ncmake is fine, openssl too\n\
                 x: libof-nobody.so: cannot open shared object file: No such file or directory"
            ),
            Vec::<String>::new()
        );
    }
}
