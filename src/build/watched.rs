//! What a build script has cargo watch: which of it belongs into the key of its
//! run, which makes the run local, and how cargo is told of it.

use super::index::Tracked;
use super::paths::plain;
use super::workshop::{Package, Workshop};
use super::{Local, directives, names, plan};
use std::collections::BTreeSet;
use std::path::Path;

/// Variables beside [`names::is_builders`] that a script in the sandbox has values
/// of its own for, or that say nothing about the result; one that asks cargo to
/// watch them watches in vain.
const OWN: [&str; 11] = [
    "CARGO",
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    "MFLAGS",
    "NUM_JOBS",
    "OUT_DIR",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "USER",
    "XDG_DATA_DIRS",
];

/// The variables that a script asks cargo to watch.
pub fn variables(stdout: &[u8]) -> BTreeSet<String> {
    directives::of(stdout)
        .filter(|(key, value)| {
            *key == "rerun-if-env-changed" && !OWN.contains(value) && !names::is_builders(value)
        })
        .map(|(_, value)| value.to_owned())
        .collect()
}

/// What a script asks cargo to watch, of what is outside of its package.
///
/// # Errors
/// It is gone with the sandbox.
pub fn of(stdout: &[u8], workshop: &Workshop, package: &Package) -> Result<Tracked, Local> {
    let mut tracked = Tracked {
        variables: variables(stdout),
        absent: BTreeSet::new(),
    };
    let (root, stored) = (&package.source.root, Path::new(&package.source.input.path));
    let directory = package.source.directory(&workshop.variables);
    for (key, value) in directives::of(stdout) {
        if key != "rerun-if-changed" {
            continue;
        }
        if Path::new(value).starts_with("/build") {
            return Err(Local::because(format!(
                "it watches {value}, which is gone with the sandbox"
            )));
        }
        // As cargo reads it; of the package, the script has only seen the store's.
        let path = plain(&match Path::new(value).strip_prefix(stored) {
            Ok(below) => root.join(below),
            Err(_) => directory.join(value),
        });
        // What the sandbox shows of the machine is in the key as a whole.
        let shows = |path: &Path| {
            path.to_str()
                .is_some_and(|path| workshop.context.visible().shows(path, Path::exists))
        };
        if path.starts_with(root) || path.starts_with(stored) || shows(&path) {
            continue;
        }
        tracked.absent.insert(path);
    }
    Ok(tracked)
}

/// The script's output with what it watches of its own source named where the user
/// edits it, as cargo is to look there.
pub fn at_home(stdout: Vec<u8>, source: &plan::Source) -> Vec<u8> {
    let stored = source.input.path.as_str();
    let Some(root) = source.root.to_str().filter(|root| *root != stored) else {
        return stdout;
    };
    directives::changed(
        &stdout,
        |key, value| key == "rerun-if-changed" && Path::new(value).starts_with(stored),
        |line| line.replacen(stored, root, 1),
    )
}
