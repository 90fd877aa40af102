//! Files of the snapshot that an environment names and nothing holds, as those of
//! `toString ./file` in a text that becomes a file: the collector takes the
//! snapshot. nix/lib finds most of them, with their place.

use super::{Session, closure};
use crate::drv::Missing;
use crate::failure::{Fallible, fail, of_nix};
use crate::places::Places;
use crate::progress::name_of;
use cargo_nix_protocol::{Answer, ClosureAsk, FailureKind};
use std::fs;

const DOING: &str = "evaluating crate-env.nix";
const WAY_OUT: &str =
    "write the path itself, as `./file`, or \"${./file}\": then the file is copied into the store";
/// A text that an expression made; what is larger is data.
const MOST: u64 = 1 << 20;

/// Refuses derivations that are yet to be built, and texts among their inputs, that
/// name the snapshot without referring to it. Once built they were looked at.
pub fn check(session: &Session, system: &str, places: &Places, left: &[Missing]) -> Fallible<()> {
    let failed = |error| of_nix(&error, DOING, FailureKind::Store, None);
    let snapshot = &places.snapshot;
    // An impure evaluation has the project itself in its place.
    if !session.store.is_valid(snapshot).unwrap_or(false) {
        return Ok(());
    }
    for missing in left.iter().filter(|missing| !missing.sources.contains(snapshot)) {
        refuse(&missing.path, fs::read_to_string(&missing.path).ok(), places)?;
        for source in &missing.sources {
            let file = session.store.real_path(source).map_err(failed)?;
            let small = |meta: &fs::Metadata| meta.is_file() && meta.len() <= MOST;
            let is_text = fs::symlink_metadata(&file).is_ok_and(|meta| small(&meta));
            let text = is_text.then(|| fs::read_to_string(&file).ok()).flatten();
            let text = text.filter(|text| text.contains(snapshot.as_str()));
            if text.is_some() && !refers(session, system, source, snapshot)? {
                refuse(source, text, places)?;
            }
        }
    }
    Ok(())
}

fn refers(session: &Session, system: &str, path: &str, to: &str) -> Fallible<bool> {
    let ask = ClosureAsk {
        path: path.to_owned(),
        system: system.to_owned(),
    };
    let Answer::Closure { paths } = closure::answer(session, &ask)? else {
        return Ok(false);
    };
    Ok(paths.iter().any(|known| known.path == to))
}

fn refuse(path: &str, text: Option<String>, places: &Places) -> Fallible<()> {
    let text = text.unwrap_or_default();
    let Some((_, rest)) = text.split_once(&places.snapshot) else {
        return Ok(());
    };
    let is_name = |c: char| c.is_alphanumeric() || "+-._?=/".contains(c);
    let file = rest.split(|c| !is_name(c)).next().unwrap_or_default();
    Err(fail(
        FailureKind::Evaluation,
        DOING,
        format!(
            "`{}` names {}{file} as it is in the snapshot that is evaluated, and a garbage collection takes that",
            name_of(path.trim_end_matches(".drv")),
            places.project.display()
        ),
        Some(WAY_OUT),
    ))
}
