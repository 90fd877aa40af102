//! Shows that builds are sandboxed as units want it: they see the mounts of the
//! settings and nothing else of the machine. A setting is not believed: a
//! machine may have no namespaces, a nix.conf may turn the sandbox off or show
//! more in it, a daemon may not take settings from this user.

use super::{Session, apply};
use crate::failure::{Fallible, fail};
use cargo_nix_protocol::{FailureKind, UnitAsk};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Looks around in the sandbox, with what the shell has built in.
const LOOK: &str = include_str!("sealed.sh");

/// What Nix itself puts into a sandbox.
const NIX_OWN: [&str; 10] = [
    "/bin",
    "/bin/sh",
    "/build",
    "/dev",
    "/etc",
    "/etc/group",
    "/etc/hosts",
    "/etc/passwd",
    "/proc",
    "/tmp",
];

/// Builds a derivation that nobody has built before, which looks around.
///
/// # Errors
/// Of [`FailureKind::Store`]: builds see more, or less, or fail altogether.
pub fn prove(session: &Session) -> Fallible<()> {
    let doing = "checking the sandbox of builds";
    let broken = |why: String| fail(FailureKind::Store, doing, why, None);
    let directory = session.store.directory().map_err(|error| broken(error.short))?;
    let mounts = &session.settings.mounts;
    let (targets, sources): (Vec<&str>, Vec<&str>) =
        mounts.iter().filter_map(|mount| mount.split_once('=')).unzip();
    let tops = targets.iter().copied().chain([directory.as_str()]).map(top);
    let expected: Vec<&str> = NIX_OWN
        .into_iter()
        .chain(tops)
        .chain(targets.iter().copied())
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ask = UnitAsk {
        name: "cargo-nix-sandbox".to_owned(),
        system: format!(
            "{}-{}",
            std::env::consts::ARCH,
            if cfg!(target_os = "macos") {
                "darwin"
            } else {
                "linux"
            }
        ),
        script: LOOK.to_owned(),
        arguments: mounts.clone(),
        variables: BTreeMap::from([
            ("expected".to_owned(), format!(" {} ", expected.join(" "))),
            // Of no cache.
            ("allowSubstitutes".to_owned(), String::new()),
            (
                "unique".to_owned(),
                format!("{}-{}", now.as_nanos(), std::process::id()),
            ),
        ]),
        inputs: sources
            .into_iter()
            .filter_map(|source| store_path(source, &directory))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(|path| cargo_nix_protocol::StoreInput {
                path,
                derivation: None,
            })
            .collect(),
        root: None,
    };
    let state = session.state()?;
    apply(&state, include_str!("unit.nix"), &ask)
        .and_then(|value| value.attribute("path")?.realise())
        .map(drop)
        .map_err(|error| {
            let seen = error
                .full
                .lines()
                .find_map(|line| line.split_once("the sandbox ").map(|(_, rest)| rest.trim()));
            broken(match seen {
                Some(seen) => format!("builds are not sandboxed as units need it: the sandbox {seen}"),
                None => format!("builds are not sandboxed as units need it: {}", error.short),
            })
        })
}

/// `/a/b` -> `/a`
fn top(path: &str) -> &str {
    let end = path[1..].find('/').map_or(path.len(), |at| at + 1);
    &path[..end]
}

/// `<store>/<name>/…` -> `<store>/<name>`
fn store_path(path: &str, directory: &str) -> Option<String> {
    let rest = path.strip_prefix(directory)?.strip_prefix('/')?;
    let name = rest.split('/').next()?;
    Some(format!("{directory}/{name}"))
}
