//! One unit of cargo's, instantiated and realised.

use super::{Session, apply};
use crate::failure::{Fallible, fail, of_nix};
use crate::roots;
use cargo_nix_protocol::{Answer, FailureKind, UnitAsk};

pub fn answer(session: &Session, ask: &UnitAsk) -> Fallible<Answer> {
    let doing = format!("building {}", ask.name);
    if let Some(name) = ask.variables.keys().find(|name| UnitAsk::is_reserved(name)) {
        let message = format!("{name:?} means something to Nix and cannot be a variable of a unit");
        return Err(fail(FailureKind::Internal, &doing, message, None));
    }
    session.sealed()?;
    // Only a builder's failure is the unit's own.
    let failed = |error| of_nix(&error, &doing, FailureKind::Internal, None);
    let state = session.state()?;
    let value = apply(&state, include_str!("unit.nix"), ask).map_err(failed)?;
    let derivation = value
        .attribute("derivation")
        .and_then(|value| value.text())
        .map_err(failed)?;
    let path = value
        .attribute("path")
        .and_then(|value| value.realise())
        .map_err(failed)?;
    if let Some((directory, name)) = ask
        .root
        .as_deref()
        .and_then(|root| root.parent().zip(root.file_name()))
    {
        let name = name.to_string_lossy().into_owned();
        // No more than this one: of a target directory that was removed meanwhile
        // nothing comes back.
        let _ = std::fs::create_dir(directory);
        // The link itself is there even if the collector cannot be told of it;
        // what it takes is built again.
        roots::make_in(directory, &[(name, path.clone())], session.daemon.as_deref()).map_err(|error| {
            let message = format!("making a GC root in {}: {error}", directory.display());
            fail(FailureKind::Store, &doing, message, None)
        })?;
    }
    Ok(Answer::Unit { path, derivation })
}
