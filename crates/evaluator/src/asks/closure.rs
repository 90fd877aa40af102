//! The closure of a store path. No release of the C API tells sizes, so a tiny
//! derivation is built whose builder is told them.

use super::{Session, apply, decode};
use crate::failure::{Fallible, fail, of_nix};
use cargo_nix_protocol::{Answer, ClosureAsk, ClosurePath, FailureKind};
use serde::Deserialize;

const DOING: &str = "asking the store for a closure";

/// What Nix writes for `exportReferencesGraph.graph`.
#[derive(Deserialize)]
struct Attributes {
    graph: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    path: String,
    nar_size: u64,
    references: Vec<String>,
}

pub fn answer(session: &Session, ask: &ClosureAsk) -> Fallible<Answer> {
    let failed = |error| of_nix(&error, DOING, FailureKind::Store, None);
    if !session.store.is_valid(&ask.path).map_err(failed)? {
        let hint = "it was collected, or never built; `cargo nix env` builds the environment again";
        return Err(fail(
            FailureKind::Store,
            DOING,
            format!("{} is not in the store", ask.path),
            Some(hint),
        ));
    }
    let state = session.state()?;
    let value = apply(&state, include_str!("closure.nix"), ask).map_err(failed)?;
    let path = value.realise().map_err(failed)?;
    let file = session.store.real_path(&path).map_err(failed)?;
    let json = std::fs::read_to_string(&file)
        .map_err(|error| fail(FailureKind::Store, DOING, format!("{file}: {error}"), None))?;
    let attributes: Attributes = decode(DOING, "the list of references", &json)?;
    let paths = attributes.graph.into_iter().map(|entry| ClosurePath {
        references: entry
            .references
            .into_iter()
            .filter(|reference| *reference != entry.path)
            .collect(),
        path: entry.path,
        nar_size: entry.nar_size,
    });
    Ok(Answer::Closure {
        paths: paths.collect(),
    })
}
