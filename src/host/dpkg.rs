//! dpkg's database, as far as a host tree wants it: which packages are
//! installed, what they need, which files they have, and the alternatives.
//!
//! The files are read as they lie below `var/lib/dpkg`, so that another root
//! than this machine's can be looked at, and no program has to run.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// An installed package.
#[derive(Debug)]
struct Package {
    version: String,
    architecture: String,
    /// Names in `Depends` and `Pre-Depends`, all alternatives of them.
    needs: Vec<String>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Database {
    directory: PathBuf,
    packages: BTreeMap<String, Package>,
    /// Virtual packages -> who provides them.
    providers: BTreeMap<String, Vec<String>>,
}

impl Database {
    /// That of the system below `root`; none if it has no dpkg.
    pub(super) fn read(root: &Path) -> Option<Database> {
        let directory = root.join("var/lib/dpkg");
        let status = std::fs::read(directory.join("status")).ok()?;
        let status = String::from_utf8_lossy(&status);
        let native = stanzas(&status).find_map(|stanza| {
            let is_dpkg = field(stanza, "Package") == Some("dpkg");
            is_dpkg.then(|| field(stanza, "Architecture")).flatten()
        });
        let mut database = Database {
            directory,
            packages: BTreeMap::new(),
            providers: BTreeMap::new(),
        };
        for stanza in stanzas(&status) {
            let of = |name| field(stanza, name).unwrap_or_default();
            let architecture = of("Architecture");
            let is_foreign = native.is_some_and(|native| ![native, "all"].contains(&architecture));
            if !of("Status").ends_with(" installed") || is_foreign {
                continue;
            }
            let name = of("Package").to_owned();
            for provided in names(of("Provides")) {
                database.providers.entry(provided).or_default().push(name.clone());
            }
            let needs = names(of("Pre-Depends")).chain(names(of("Depends"))).collect();
            let package = Package {
                version: of("Version").to_owned(),
                architecture: architecture.to_owned(),
                needs,
            };
            database.packages.insert(name, package);
        }
        Some(database)
    }

    /// The packages of `wanted` that are installed, with all they need;
    /// `without` and what only those need is left out. Sorted.
    pub(super) fn closure(&self, wanted: &[&str], without: &[&str]) -> BTreeSet<&str> {
        let mut closure = BTreeSet::new();
        let mut pending: Vec<&str> = wanted.to_vec();
        while let Some(name) = pending.pop() {
            let providers = self.providers.get(name).into_iter().flatten();
            pending.extend(
                providers
                    .map(String::as_str)
                    .filter(|provider| !closure.contains(provider)),
            );
            let Some((name, package)) = self.packages.get_key_value(name) else {
                continue;
            };
            if !without.contains(&name.as_str()) && closure.insert(name.as_str()) {
                pending.extend(package.needs.iter().map(String::as_str));
            }
        }
        closure
    }

    /// The version of an installed package; nothing for others.
    pub(super) fn version(&self, name: &str) -> &str {
        self.packages
            .get(name)
            .map_or("", |package| package.version.as_str())
    }

    /// What the package brought, files and directories, absolute; none if its
    /// list cannot be read.
    pub(super) fn files(&self, name: &str) -> Vec<PathBuf> {
        lines(&self.list(name))
            .map(|line| PathBuf::from(OsStr::from_bytes(line)))
            .collect()
    }

    /// The packages that have one of these files.
    pub(super) fn owners(&self, files: &HashSet<OsString>) -> BTreeSet<&str> {
        let owns = |name: &str| lines(&self.list(name)).any(|line| files.contains(OsStr::from_bytes(line)));
        self.packages
            .keys()
            .map(String::as_str)
            .filter(|name| owns(name))
            .collect()
    }

    fn list(&self, name: &str) -> Vec<u8> {
        let info = self.directory.join("info");
        let architecture = self
            .packages
            .get(name)
            .map_or("", |package| package.architecture.as_str());
        std::fs::read(info.join(format!("{name}.list")))
            .or_else(|_| std::fs::read(info.join(format!("{name}:{architecture}.list"))))
            .unwrap_or_default()
    }

    /// The links of update-alternatives: the name below `etc/alternatives`, and
    /// the absolute path that links to it.
    pub(super) fn alternatives(&self) -> Vec<(String, PathBuf)> {
        let mut links = Vec::new();
        let entries = std::fs::read_dir(self.directory.join("alternatives"));
        for entry in entries.into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let text = std::fs::read(entry.path()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            // automatic or manual; the link; pairs of a slave's name and link; a
            // blank line; what can be chosen.
            let mut lines = text.lines().skip(1).take_while(|line| !line.is_empty());
            links.extend(lines.next().map(|link| (name, link.into())));
            while let (Some(slave), Some(link)) = (lines.next(), lines.next()) {
                links.push((slave.to_owned(), link.into()));
            }
        }
        links.sort();
        links
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| line.len() > 1)
}

fn stanzas(status: &str) -> impl Iterator<Item = &str> {
    status.split("\n\n")
}

fn field<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    stanza
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

/// `a (>= 1) | b:any, c` -> a, b, c
fn names(dependencies: &str) -> impl Iterator<Item = String> {
    dependencies
        .split([',', '|'])
        .filter_map(|part| part.split_whitespace().next())
        .map(|name| name.split(':').next().unwrap_or_default().to_owned())
}
