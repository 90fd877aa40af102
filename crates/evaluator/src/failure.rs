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
    let culprit =
        |text: &&String| BUILDS.iter().any(|part| text.contains(part)) && !text.contains(DEPENDENCIES);
    let printed = || wreckage.errors.iter().find(culprit);
    let Some(error) = Some(&failure.message).filter(culprit).or_else(printed) else {
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

const BUILDS: [&str; 4] = ["builder for '", "build of '", HASH, DEPENDENCIES];
const HASH: &str = "hash mismatch in fixed-output";
const DEPENDENCIES: &str = "dependencies of derivation";

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
    let has = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    if has(&[
        "builder for '",
        "build of '",
        "hash mismatch in fixed-output",
        "dependencies of derivation",
    ]) {
        FailureKind::Build
    } else if has(&[
        "opening lock file",
        "Permission denied",
        "Read-only file system",
        "No space left",
        "database",
    ]) {
        FailureKind::Store
    } else {
        fallback
    }
}
