//! What the crates of a Cargo.lock need of the machine, after
//! `data/sys-crates.toml`. Data in, data out: nothing is read or written here.
//!
//! A Cargo.lock does not say which features are on. Where that decides, the
//! crate's own fallback counts: one that builds a bundled copy is no need, and
//! is reported apart.

use crate::cargo_lock::{self, Lock};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("../../data/sys-crates.toml");

/// An entry of the table; its file tells what the fields mean.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Entry {
    /// Libraries, nixpkgs' names.
    pub packages: Vec<String>,
    /// Programs of the build, nixpkgs' names.
    pub native: Vec<String>,
    /// Builds a copy of its own unless told otherwise.
    pub bundled: bool,
    /// With `bundled`: only if this is a dependency of it in Cargo.lock.
    pub with: Option<String>,
    /// Crates that make `packages` unneeded.
    pub unless: Vec<String>,
    /// Where it is needed, if not everywhere.
    pub when: Option<System>,
}

/// A system that a need may be bound to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// Linux.
    Linux,
    /// macOS.
    Darwin,
}

/// Crates by the package they need.
pub type Wanted = BTreeMap<String, BTreeSet<String>>;

/// What a project needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Programs of the build.
    pub native: Wanted,
    /// Libraries, by the system they are needed on (none: everywhere).
    pub libraries: BTreeMap<Option<System>, Wanted>,
    /// Crate -> the libraries it can use instead of its own copy.
    pub bundled: BTreeMap<String, Vec<String>>,
}

/// The whole table, by the crate's name.
pub fn table() -> BTreeMap<String, Entry> {
    toml::from_str(TABLE).unwrap_or_default()
}

/// The packages of a Cargo.lock that the table knows, sorted, each once.
///
/// This runs at every prompt: lines are looked at, neither file is parsed. The
/// table's headers are its names.
pub fn in_lock(lock: &[u8]) -> Vec<String> {
    let known: BTreeSet<&str> = TABLE
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
        .collect();
    let found: BTreeSet<&str> = cargo_lock::names(lock)
        .filter_map(|name| known.get(name).copied())
        .collect();
    found.into_iter().map(str::to_owned).collect()
}

/// The needs of the packages in the text of a Cargo.lock.
///
/// # Errors
/// The parser's message, with line and column, if it is no Cargo.lock.
pub fn needs(lock: &str) -> Result<Needs, String> {
    let lock = Lock::parse(lock)?;
    let table = table();
    let names: BTreeSet<&str> = lock
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut needs = Needs::default();
    for package in &lock.packages {
        let Some(entry) = table.get(&package.name) else {
            continue;
        };
        let depends = |name: &str| package.depends_on(name);
        let bundled = entry.bundled && entry.with.as_deref().is_none_or(depends);
        let unneeded = bundled || entry.unless.iter().any(|name| names.contains(name.as_str()));
        if bundled && !entry.packages.is_empty() {
            needs.bundled.insert(package.name.clone(), entry.packages.clone());
        }
        // pkg-config finds libraries and serves nothing else.
        for native in entry
            .native
            .iter()
            .filter(|native| !unneeded || native.as_str() != "pkg-config")
        {
            needs
                .native
                .entry(native.clone())
                .or_default()
                .insert(package.name.clone());
        }
        for library in entry.packages.iter().filter(|_| !unneeded) {
            let wanted = needs.libraries.entry(entry.when).or_default();
            wanted
                .entry(library.clone())
                .or_default()
                .insert(package.name.clone());
        }
    }
    // What is needed everywhere need not be said again for one system.
    if let Some(everywhere) = needs.libraries.get(&None).cloned() {
        for (system, wanted) in &mut needs.libraries {
            wanted.retain(|name, _| system.is_none() || !everywhere.contains_key(name));
        }
        needs.libraries.retain(|_, wanted| !wanted.is_empty());
    }
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_lock_what_the_table_knows() {
        let lock = "version = 4\n\n[[package]]\nname = \"openssl-sys\"\r\nversion = \"0.9.0\"\n\n\
                    [[package]]\nname = \"anyhow\"\n\n[[package]]\nname = \"alsa-sys\"\n\n\
                    [[package]]\nname = \"openssl-sys\"\ndependencies = [\n \"cmake\",\n]\n";
        assert_eq!(in_lock(lock.as_bytes()), ["alsa-sys", "openssl-sys"]);
        let every: Vec<String> = table().into_keys().collect();
        let lock: String = every.iter().map(|name| format!("name = \"{name}\"\n")).collect();
        assert_eq!(in_lock(lock.as_bytes()), every);
    }

    #[test]
    fn the_table_is_well_formed() {
        let table: BTreeMap<String, Entry> = toml::from_str(TABLE).expect("data/sys-crates.toml");
        assert!(table.len() >= 120, "{} crates", table.len());
        for (name, entry) in table {
            assert!(
                entry.bundled || !entry.packages.is_empty() || !entry.native.is_empty(),
                "{name} says nothing"
            );
            assert!(
                entry.bundled || entry.with.is_none(),
                "{name}: `with` goes with `bundled`"
            );
        }
    }

    #[test]
    fn a_vendored_openssl_needs_perl_and_no_openssl() {
        let lock = "[[package]]\nname = \"openssl-sys\"\n[[package]]\nname = \"openssl-src\"\n";
        let needs = needs(lock).unwrap();
        assert!(needs.libraries.is_empty());
        assert_eq!(needs.native.keys().collect::<Vec<_>>(), ["gnumake", "perl"]);
    }

    #[test]
    fn sqlite_is_bundled_only_with_the_c_compiler_crate() {
        let with = "[[package]]\nname = \"libsqlite3-sys\"\ndependencies = [\"cc\", \"pkg-config\"]\n";
        let without = "[[package]]\nname = \"libsqlite3-sys\"\ndependencies = [\"pkg-config\"]\n";
        assert!(needs(with).unwrap().libraries.is_empty());
        assert!(needs(without).unwrap().libraries[&None].contains_key("sqlite"));
    }
}
