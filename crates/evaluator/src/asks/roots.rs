//! Links to store paths, as GC roots.

use super::Session;
use crate::failure::{Fallible, fail};
use crate::roots;
use cargo_nix_protocol::{Answer, FailureKind, RootsAsk};
use std::collections::BTreeMap;
use std::path::Path;

pub fn answer(session: &Session, ask: &RootsAsk) -> Fallible<Answer> {
    let mut directories: BTreeMap<&Path, Vec<(String, String)>> = BTreeMap::new();
    for (link, path) in &ask.links {
        let (Some(directory), Some(name)) = (link.parent(), link.file_name()) else {
            continue;
        };
        let name = name.to_string_lossy().into_owned();
        directories
            .entry(directory)
            .or_default()
            .push((name, path.clone()));
    }
    let mut warning = None;
    for (directory, links) in directories {
        let made = roots::make(directory, &links, session.daemon.as_deref());
        let told = made.map_err(|error| {
            let message = format!("making GC roots in {}: {error}", directory.display());
            fail(FailureKind::Store, "making GC roots", message, None)
        })?;
        warning = warning.or(told);
    }
    Ok(Answer::Roots { warning })
}
