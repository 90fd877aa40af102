//! What is there: versions, and the store. That evaluation is pure was proved
//! when the session was opened.

use super::Session;
use crate::daemon::Daemon;
use crate::failure::{Fallible, of_nix};
use cargo_nix_protocol::{Answer, FailureKind};

pub fn answer(session: &Session) -> Fallible<Answer> {
    let failed = |error| of_nix(&error, "asking the store", FailureKind::Store, None);
    let trusted = session
        .daemon
        .as_deref()
        .and_then(|socket| Daemon::greet(socket).ok()?.trusts_us);
    let unsealed = (session.settings.sandboxed)
        .then(|| session.sealed().err().map(|failure| failure.message))
        .flatten();
    Ok(Answer::Probe {
        unsealed,
        nix: session.nix.version(),
        store_dir: session.store.directory().map_err(failed)?,
        store_uri: session.store.uri().map_err(failed)?,
        trusted,
        nix_store: crate::programs::find("nix-store"),
    })
}
