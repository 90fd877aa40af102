//! From libnix's errors to the protocol's [`Failure`].

use crate::hints;
use crate::nix::NixError;
use crate::places::Places;
use crate::programs;
use crate::progress::{Wreckage, name_of, plain};
use cargo_nix_protocol::{Failure, FailureKind, Position};

/// What a request comes to when it does not come to an answer.
pub type Fallible<T> = Result<T, Box<Failure>>;

/// A failure without a place.
pub fn fail(kind: FailureKind, doing: &str, message: impl Into<String>, hint: Option<&str>) -> Box<Failure> {
    Box::new(Failure {
        doing: doing.to_owned(),
        message: message.into(),
        position: None,
        hint: hint.map(str::to_owned),
        trace: None,
        log: Vec::new(),
        kind,
        others: Vec::new(),
    })
}

/// An error of libnix while `doing`; `places` as soon as the snapshot is known.
pub fn of_nix(error: &NixError, doing: &str, fallback: FailureKind, places: Option<&Places>) -> Box<Failure> {
    let map = |text: &str| places.map_or_else(|| plain(text), |places| places.map(&plain(text)));
    let trace = plain(&error.full);
    let raw = plain(&error.short);
    let position = places.and_then(|places| places.innermost(&trace));
    let source = position
        .as_ref()
        .and_then(|position| std::fs::read_to_string(&position.file).ok());
    let source = source.unwrap_or_default();
    let message = map(&in_words(&local(&raw, places, &source)));
    let (message, said) = way_out_said(message.trim());
    let hint = said
        .map(str::to_owned)
        .or_else(|| hints::way_out(&raw, places))
        .or_else(|| hints::suggestion(&trace))
        .or_else(|| hints::of_set(&raw, position.as_ref().map_or("", |place| at(&source, place))));
    Box::new(Failure {
        doing: doing.to_owned(),
        message: message.to_owned(),
        position,
        hint,
        trace: Some(map(&error.full).trim().to_owned()),
        log: Vec::new(),
        kind: kind(&raw, fallback),
        others: Vec::new(),
    })
}

/// What stands in `source` at this place.
fn at<'a>(source: &'a str, place: &Position) -> &'a str {
    let line = place
        .line
        .checked_sub(1)
        .and_then(|line| source.lines().nth(usize::try_from(line).ok()?));
    let column = place
        .column
        .checked_sub(1)
        .and_then(|column| usize::try_from(column).ok());
    line.zip(column)
        .and_then(|(line, column)| line.get(column..))
        .unwrap_or_default()
}

/// A failed build, told by the builder that failed: libnix's own error may say
/// only that a dependency did.
pub fn of_build(mut failure: Box<Failure>, wreckage: &Wreckage) -> Box<Failure> {
    if failure.kind != FailureKind::Build {
        return failure;
    }
    failure.log.clone_from(&wreckage.log);
    let printed = || wreckage.errors.iter().find_map(|text| of_builder(text));
    let Some(error) = of_builder(&failure.message).or_else(printed) else {
        return failure;
    };
    let mut lines = error.lines();
    let first = lines.next().unwrap_or_default().trim_end_matches([';', ':']);
    if failure.hint.is_none() {
        failure.hint = hints::way_out(first, None).or_else(|| log_hint(first));
    }
    failure.message = if first.contains(HASH) {
        // Its other lines are the two hashes; what the builder said is no use.
        lines.fold(short_names(first), |text, line| {
            format!("{text}\n  {}", line.trim())
        })
    } else {
        with_log(&short_names(first), &wreckage.log)
    };
    failure
}

/// The end of the builders' output, as many lines as one likes to read.
fn with_log(message: &str, log: &[String]) -> String {
    let shown = &log[log.len().saturating_sub(10)..];
    let lines: String = shown.iter().map(|line| format!("\n  > {line}")).collect();
    format!("{message}{lines}")
}

fn log_hint(message: &str) -> Option<String> {
    let derivation = message.split('\'').find(|part| part.ends_with(".drv"))?;
    let program = programs::find("nix-store")?;
    Some(format!(
        "`{} --read-log {derivation}` shows all that the builder said",
        program.display()
    ))
}

/// `'/nix/store/…-openssl.drv'` as `'openssl'`.
fn short_names(message: &str) -> String {
    let parts = message
        .split('\'')
        .map(|part| part.strip_suffix(".drv").map_or(part, name_of));
    parts.collect::<Vec<_>>().join("'")
}

/// libnix's message without what does not concern this program's user: its own
/// option, and a path above the snapshot, which is one above the project.
fn local(message: &str, places: Option<&Places>, source: &str) -> String {
    let message = message
        .replace(" (use '--impure' to override)", "")
        .replace(" (use --impure to override)", "");
    match places {
        Some(places) if message.contains("is forbidden in pure eval") => places.map_above(&message, source),
        _ => message,
    }
}

/// libnix's message without what only its own parser and JSON library know:
/// names of tokens, identities of exceptions, positions in nothing.
fn in_words(message: &str) -> String {
    let message = message.replace(", at «none»:0", "");
    let (first, rest) = message.split_once('\n').unwrap_or((&message, ""));
    let token = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let first = match first.split_once(", expecting ") {
        Some((before, expected)) if expected.split(' ').any(token) => before,
        _ => first,
    };
    let mut first = first.to_owned();
    if let Some((before, found)) = first.split_once("syntax error, unexpected ")
        && let Some((_, word)) = TOKENS.iter().find(|(token, _)| *token == found)
    {
        first = format!("{before}syntax error, unexpected {word}");
    }
    // An option of Nix's own programs.
    if let Some((before, _)) = first.split_once("; add '--extra-experimental-features") {
        first = before.to_owned();
    }
    if rest.is_empty() {
        first
    } else {
        format!("{first}\n{rest}")
    }
}

/// What libnix's parser calls the words of the language.
const TOKENS: &[(&str, &str)] = &[
    ("AND", "`&&`"),
    ("ASSERT", "`assert`"),
    ("CONCAT", "`++`"),
    ("DOLLAR_CURLY", "`${`"),
    ("ELLIPSIS", "`...`"),
    ("ELSE", "`else`"),
    ("EQ", "`==`"),
    ("FLOAT_LIT", "a number"),
    ("GEQ", "`>=`"),
    ("HPATH", "a path"),
    ("ID", "a name"),
    ("IF", "`if`"),
    ("IMPL", "`->`"),
    ("IN_KW", "`in`"),
    ("IND_STR", "a string"),
    ("IND_STRING_CLOSE", "the end of a string"),
    ("IND_STRING_OPEN", "a string"),
    ("INHERIT", "`inherit`"),
    ("INT_LIT", "a number"),
    ("LEQ", "`<=`"),
    ("LET", "`let`"),
    ("NEQ", "`!=`"),
    ("OR", "`||`"),
    ("OR_KW", "`or`"),
    ("PATH", "a path"),
    ("PATH_END", "the end of a path"),
    ("PIPE_FROM", "`<|`"),
    ("PIPE_INTO", "`|>`"),
    ("REC", "`rec`"),
    ("SPATH", "a path"),
    ("STR", "a string"),
    ("THEN", "`then`"),
    ("UPDATE", "`//`"),
    ("URI", "a URL"),
    ("WITH", "`with`"),
];

const HASH: &str = "hash mismatch in fixed-output";
/// How libnix begins since 2.30; the reason stands on the next line.
const CANNOT: &str = "Cannot build '";
/// What it says of a derivation that it did not come to.
const DEPENDENCIES: [&str; 3] = [
    "dependencies of derivation",
    "dependency failed",
    "dependencies failed",
];

fn contains_any(message: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| message.contains(part))
}

/// Whether it says no more than that; what a builder said may follow below.
fn is_of_dependency(text: &str) -> bool {
    text.lines().take(2).any(|line| contains_any(line, &DEPENDENCIES))
}

/// What libnix says of a builder that failed, in the words that it had before 2.30.
fn of_builder(text: &str) -> Option<String> {
    if is_of_dependency(text) {
        return None;
    }
    if let Some((_, cannot)) = text.split_once(CANNOT) {
        let (derivation, rest) = cannot.split_once('\'')?;
        let reason = rest
            .lines()
            .find_map(|line| line.trim().strip_prefix("Reason: builder "))?;
        return Some(format!(
            "builder for '{derivation}' {}",
            reason.trim_end_matches('.')
        ));
    }
    contains_any(text, &["builder for '", "build of '", HASH]).then(|| text.to_owned())
}

/// What our library throws says the way out itself: on a second and last line,
/// indented by two spaces.
fn way_out_said(message: &str) -> (&str, Option<&str>) {
    match message.split_once("\n  ") {
        Some((first, hint)) if !first.contains('\n') && !hint.contains('\n') => (first, Some(hint)),
        _ => (message, None),
    }
}

/// A build can fail in the middle of an evaluation, and the store at any time.
fn kind(message: &str, fallback: FailureKind) -> FailureKind {
    if of_builder(message).is_some() || is_of_dependency(message) {
        FailureKind::Build
    } else if contains_any(
        message,
        &[
            "opening lock file",
            "Permission denied",
            "Read-only file system",
            "No space left",
            "database",
        ],
    ) {
        FailureKind::Store
    } else {
        fallback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = concat!(
        "builder for '/nix/store/0123456789abcdfghijklmnpqrsvwxyz-demo-1.0.0-run.drv' failed with exit code 101;\n",
        "last 1 log lines:\n> no"
    );
    const NEW: &str = concat!(
        "Cannot build '/nix/store/0123456789abcdfghijklmnpqrsvwxyz-demo-1.0.0-run.drv'.\n",
        "Reason: builder failed with exit code 101.\n",
        "Output paths:\n  /nix/store/y-demo-1.0.0-run\nLast 1 log lines:\n> no"
    );

    /// What decides whether a script is run outside of the sandbox.
    #[test]
    fn a_failed_builder_is_known_by_the_words_of_each_libnix() {
        let dependency = "Cannot build '/nix/store/x-a.drv'.\nReason: 1 dependency failed.\nOutput paths:";
        let dependencies = "2 dependencies of derivation '/nix/store/x-a.drv' failed to build";
        let of_store = format!("build of '/nix/store/x-demo.drv^*' failed: {NEW}");
        for text in [OLD, NEW, &of_store, dependency, dependencies] {
            assert_eq!(kind(text, FailureKind::Internal), FailureKind::Build, "{text}");
        }
        let other = "Cannot build '/nix/store/x-a.drv'.\nReason: required system or feature not available";
        assert_eq!(kind(other, FailureKind::Internal), FailureKind::Internal);
    }

    #[test]
    fn a_failed_builder_is_told_in_the_same_words() {
        let told = |message: &str, errors: &[&str]| {
            let wreckage = Wreckage {
                log: vec!["no".into()],
                errors: errors.iter().map(|&error| error.into()).collect(),
            };
            of_build(fail(FailureKind::Build, "", message, Some("")), &wreckage)
                .message
                .clone()
        };
        let dependency = "Cannot build '/nix/store/x-a.drv'.\nReason: 1 dependency failed.";
        let expected = "builder for 'demo-1.0.0-run' failed with exit code 101\n  > no";
        assert_eq!(told(OLD, &[]), expected);
        assert_eq!(told(NEW, &[]), expected);
        assert_eq!(told(dependency, &[NEW]), expected);
    }
}
