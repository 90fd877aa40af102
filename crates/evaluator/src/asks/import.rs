//! Components of a toolchain of the machine, added to the store by content. This
//! reads absolute paths, so it is asked of an impure evaluator.

use super::{Session, apply};
use crate::failure::{Fallible, fail, of_nix};
use cargo_nix_protocol::{Answer, FailureKind, Import, ImportAsk, ProgressKind};
use std::collections::BTreeMap;

pub fn answer(session: &Session, ask: &ImportAsk) -> Fallible<Answer> {
    if session.pure {
        let hint = "set `settings.impure` for this request";
        return Err(fail(
            FailureKind::Internal,
            "importing",
            "a pure evaluator cannot import",
            Some(hint),
        ));
    }
    let state = session.state()?;
    let mut paths = BTreeMap::new();
    for item in &ask.items {
        session.chatter.step(ProgressKind::Import, &item.name);
        let doing = format!("adding {} to the store", item.name);
        let item = checked(item, &doing)?;
        let path = apply(&state, include_str!("import.nix"), &item)
            .and_then(|value| value.text())
            .map_err(|error| of_nix(&error, &doing, FailureKind::Store, None))?;
        paths.insert(item.id, path);
    }
    Ok(Answer::Import { paths })
}

/// The item with its directory resolved, since the filter is given resolved
/// paths. Every file must be there: what is missing would be left out silently.
fn checked(item: &Import, doing: &str) -> Fallible<Import> {
    let missing = |path: &std::path::Path, error: std::io::Error| {
        let hint = "it was there when the machine was described; run the command again";
        fail(
            FailureKind::Store,
            doing,
            format!("{}: {error}", path.display()),
            Some(hint),
        )
    };
    let root = item
        .root
        .canonicalize()
        .map_err(|error| missing(&item.root, error))?;
    for file in &item.files {
        let path = root.join(file);
        std::fs::symlink_metadata(&path).map_err(|error| missing(&path, error))?;
    }
    Ok(Import { root, ..item.clone() })
}
