//! From libnix's errors to the protocol's [`Failure`].

use crate::hints;
use crate::nix::NixError;
use crate::places::Places;
use crate::progress::plain;
use cargo_nix_protocol::{Failure, FailureKind};

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
        kind,
    })
}

/// An error of libnix while `doing`; `places` as soon as the snapshot is known.
pub fn of_nix(error: &NixError, doing: &str, fallback: FailureKind, places: Option<&Places>) -> Box<Failure> {
    let map = |text: &str| places.map_or_else(|| plain(text), |places| places.map(&plain(text)));
    let trace = plain(&error.full);
    let raw = plain(&error.short);
    Box::new(Failure {
        doing: doing.to_owned(),
        message: map(&error.short).trim().to_owned(),
        position: places.and_then(|places| places.innermost(&trace)),
        hint: hints::way_out(&raw, places),
        trace: Some(map(&error.full).trim().to_owned()),
        kind: kind(&raw, fallback),
    })
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
