//! `crates.<name>` against the packages of Cargo.lock: a name that no package
//! has is most likely misspelled. A warning, not an error: Cargo.lock is not
//! part of the key, and `cargo remove` must not break an environment.

use super::dump::CrateEntry;
use crate::cargo_lock::{self, Lock};
use crate::project::Project;
use std::collections::BTreeSet;

/// A warning for each of these names that is not in Cargo.lock; none without a
/// Cargo.lock that can be read.
pub fn unknown(crates: &[CrateEntry], project: &Project) -> Vec<String> {
    if crates.is_empty() {
        return Vec::new();
    }
    let text = project.cargo_lock().ok().flatten();
    let Some(lock) = text.and_then(|text| String::from_utf8(text).ok()) else {
        return Vec::new();
    };
    // To parse it takes longer than all the rest of a hit.
    let (used, _) = lock.split_once("[[patch.unused]]").unwrap_or((&lock, ""));
    let listed: BTreeSet<&str> = cargo_lock::names(used.as_bytes()).collect();
    if crates.iter().all(|entry| listed.contains(entry.name.as_str())) {
        return Vec::new();
    }
    let Ok(lock) = Lock::parse(&lock) else {
        return Vec::new();
    };
    let packages: BTreeSet<&str> = lock
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let warning = |name: &str, place: String| {
        let nearest = nearest(name, &packages);
        let nearest = nearest.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        format!("{place}`crates.{name}`: Cargo.lock has no package of this name{nearest}")
    };
    crates
        .iter()
        .filter(|entry| !packages.contains(entry.name.as_str()))
        .map(|entry| {
            let place = entry
                .position
                .as_ref()
                .map_or(String::new(), |(file, line, column)| {
                    format!("{}:{line}:{column}: ", project.root.join(file).display())
                });
            warning(&entry.name, place)
        })
        .collect()
}

/// The candidate that a typing slip most likely meant.
fn nearest<'a>(name: &str, candidates: &BTreeSet<&'a str>) -> Option<&'a str> {
    candidates
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project_with(lock: Option<&str>) -> (tempfile::TempDir, Project) {
        let directory = tempfile::tempdir().expect("a directory");
        if let Some(lock) = lock {
            std::fs::write(directory.path().join("Cargo.lock"), lock).expect("Cargo.lock");
        }
        let root = directory.path().to_path_buf();
        let project = Project {
            root: root.clone(),
            layers: vec![root],
            pins: None,
            rust_toolchain: None,
        };
        (directory, project)
    }

    fn warnings(name: &str, project: &Project) -> Vec<String> {
        let entry = CrateEntry {
            name: name.to_owned(),
            position: Some(("crate-env.nix".to_owned(), 4, 3)),
        };
        unknown(std::slice::from_ref(&entry), project)
    }

    const LOCK: &str = "version = 4\n[[package]]\nname = \"openssl-sys\"\nversion = \"0.9.0\"\n";

    #[test]
    fn a_misspelled_crate_is_told_with_the_nearest_name() {
        let (directory, project) = project_with(Some(LOCK));
        let place = directory.path().join("crate-env.nix");
        assert_eq!(
            warnings("opnessl-sys", &project),
            [format!(
                "{}:4:3: `crates.opnessl-sys`: Cargo.lock has no package of this name; did you mean `openssl-sys`?",
                place.display()
            )]
        );
    }

    #[test]
    fn a_right_name_and_an_absent_or_broken_lock_say_nothing() {
        let (_directory, project) = project_with(Some(LOCK));
        assert!(warnings("openssl-sys", &project).is_empty());
        let (_directory, project) = project_with(None);
        assert!(warnings("x", &project).is_empty());
        let (_directory, project) = project_with(Some("not toml ["));
        assert!(warnings("x", &project).is_empty());
    }
}
