//! The packages of `data/host-packages.toml` that this machine has: programs in
//! the system's directories, libraries with their .pc files and headers.
//!
//! A library counts as there when what is needed to build against it is: its
//! .pc files, or, for one that has none, the library for the linker and the
//! headers. Its identity covers the .pc files, the libraries and the headers,
//! also of the modules that its .pc files require.

use super::contents::{Contents, files_below};
use super::pkg_config::{Module, Modules};
use super::sentinel::Sentinel;
use super::{find_program, platform, run};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The table as it is embedded.
const TABLE: &str = include_str!("../../data/host-packages.toml");

/// What a package of nixpkgs is on other systems.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Entry {
    /// Modules of pkg-config; the first one has the version.
    pub pkg_config: Vec<String>,
    /// Programs; the first one stands for the package.
    pub programs: Vec<String>,
    /// Files and directories below an include directory.
    pub headers: Vec<String>,
    /// Libraries as the linker is told (`-l<name>`), where no .pc file tells.
    pub libraries: Vec<String>,
    /// The Debian package that has the above.
    pub debian: Option<String>,
    /// The Homebrew formula that has the above.
    pub homebrew: Option<String>,
}

/// The whole table, by nixpkgs' attribute name.
pub fn table() -> BTreeMap<String, Entry> {
    toml::from_str(TABLE).unwrap_or_default()
}

/// A package that is there.
#[derive(Debug)]
pub(super) struct Found {
    version: String,
    /// name -> absolute path, links left as they are
    programs: Vec<(String, PathBuf)>,
    pc: Vec<PathBuf>,
    libraries: Vec<PathBuf>,
    headers: Vec<PathBuf>,
    /// Of `libraries`, its own.
    own: Vec<PathBuf>,
    /// name below an include directory -> where it is
    include: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    has_library: bool,
    /// What to install for the library, where only the programs are there.
    lacks: Option<String>,
}

impl Found {
    /// Everything the identities cover.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.programs
            .iter()
            .map(|(_, path)| path)
            .chain(&self.pc)
            .chain(&self.libraries)
            .chain(&self.headers)
    }

    /// As an entry of `arguments.host.programs`.
    pub(super) fn program(&self, contents: &Contents) -> Option<Value> {
        let (_, path) = self.programs.first()?;
        let paths: Vec<PathBuf> = self.programs.iter().map(|(_, path)| path.clone()).collect();
        let programs: BTreeMap<&str, &PathBuf> = self
            .programs
            .iter()
            .map(|(name, path)| (name.as_str(), path))
            .collect();
        let identity = contents.identity(&self.version, &paths);
        Some(
            json!({ "path": path, "programs": programs, "version": self.version, "identity": identity,
                    "lacks": self.lacks }),
        )
    }

    /// As an entry of `arguments.host.libraries`.
    pub(super) fn library(&self, contents: &Contents) -> Option<Value> {
        let files: Vec<PathBuf> = self
            .pc
            .iter()
            .chain(&self.libraries)
            .chain(&self.headers)
            .cloned()
            .collect();
        let identity = contents.identity(&self.version, &files);
        self.has_library.then(|| {
            json!({ "version": self.version, "identity": identity, "pc": self.pc, "files": self.libraries,
                    "lib": self.own, "include": self.include })
        })
    }
}

/// What is not there: attribute -> the package that has it, if there is one.
pub(super) fn installable(found: &BTreeMap<String, Found>) -> BTreeMap<String, Option<String>> {
    let missing = table().into_iter().filter(|(name, _)| !found.contains_key(name));
    missing
        .map(|(name, entry)| {
            let package = platform::package_name(&entry).map(str::to_owned);
            (name, package)
        })
        .collect()
}

/// Looks for every package of the table; watches what the answer rests on.
pub(super) fn find(sentinel: &mut Sentinel) -> BTreeMap<String, Found> {
    let table = table();
    let versions = platform::package_versions();
    let mut modules = Modules::new(sentinel);
    let headers_of: BTreeMap<&str, &[String]> = table
        .values()
        .flat_map(|entry| {
            entry
                .pkg_config
                .iter()
                .map(|module| (module.as_str(), entry.headers.as_slice()))
        })
        .collect();
    let mut found = BTreeMap::new();
    for (name, entry) in &table {
        let programs: Vec<(String, PathBuf)> = entry
            .programs
            .iter()
            .filter_map(|program| Some((program.clone(), find_program(program, sentinel)?)))
            .collect();
        let mut package = library(entry, &mut modules, &headers_of);
        if programs.is_empty() && !package.has_library {
            continue;
        }
        package.programs = programs;
        package.version = version_of(entry, &package, &versions);
        package.lacks = lacks(entry, &package, &versions);
        for file in package
            .programs
            .iter()
            .map(|(_, path)| path)
            .chain(&package.pc)
            .chain(&package.libraries)
        {
            // A package manager renames into place, which its database and the
            // directory tell, and those are watched closely.
            if platform::is_of_packages(file) {
                sentinel.watch(file);
            } else {
                sentinel.watch_closely(file);
            }
        }
        sentinel.watch_all(&package.headers);
        for directory in package.headers.iter().filter_map(|header| header.parent()) {
            sentinel.watch(directory);
        }
        found.insert(name.clone(), package);
    }
    found
}

/// The library side of a package.
fn library(entry: &Entry, modules: &mut Modules, headers_of: &BTreeMap<&str, &[String]>) -> Found {
    let closure = modules.closure(&entry.pkg_config);
    let mut libraries = BTreeSet::new();
    let mut headers: BTreeSet<PathBuf> = find_headers(&entry.headers);
    for (name, module) in &closure {
        libraries.extend(module.libraries());
        headers.extend(
            module
                .include_directories()
                .iter()
                .flat_map(|directory| files_below(directory)),
        );
        headers.extend(
            headers_of
                .get(name.as_str())
                .into_iter()
                .flat_map(|names| find_headers(names)),
        );
    }
    let plain: Vec<PathBuf> = entry
        .libraries
        .iter()
        .flat_map(|name| find_library(name))
        .collect();
    let version = closure
        .iter()
        .find(|(name, _)| entry.pkg_config.first() == Some(name));
    let own: Vec<&Module> = closure
        .iter()
        .filter(|(name, _)| entry.pkg_config.contains(name))
        .map(|(_, module)| module)
        .collect();
    let own_libraries: BTreeSet<PathBuf> = own
        .iter()
        .flat_map(|module| module.libraries())
        .chain(plain.iter().cloned())
        .collect();
    let include = include(&entry.headers, &own);
    let has_library = version.is_some()
        || (!plain.is_empty() || is_headers(entry)) && (entry.headers.is_empty() || !headers.is_empty());
    libraries.extend(plain);
    Found {
        version: version
            .map(|(_, module)| module.version.clone())
            .unwrap_or_default(),
        programs: Vec::new(),
        pc: closure
            .into_iter()
            .map(|(_, module)| module.path.clone())
            .collect(),
        libraries: libraries.into_iter().collect(),
        headers: headers.into_iter().collect(),
        own: own_libraries.into_iter().collect(),
        include,
        has_library,
        lacks: None,
    }
}

/// A package of headers, as the kernel's.
fn is_headers(entry: &Entry) -> bool {
    !entry.headers.is_empty()
        && entry.pkg_config.is_empty()
        && entry.programs.is_empty()
        && entry.libraries.is_empty()
}

/// See [`Found::lacks`]. What is installed already has programs only.
fn lacks(entry: &Entry, found: &Found, versions: &BTreeMap<String, String>) -> Option<String> {
    let has_library = found.has_library || entry.pkg_config.is_empty() && entry.libraries.is_empty();
    let name = platform::package_name(entry).filter(|_| !has_library)?;
    (!versions.contains_key(name)).then(|| name.to_owned())
}

/// The package's own headers, by what a program names them by: those of the table,
/// and directories of the system that its .pc files name.
fn include(headers: &[String], own: &[&Module]) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let directories = platform::include_directories();
    let mut found: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    let listed = headers
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)))
        .filter(|path| path.exists());
    let named = own.iter().flat_map(|module| module.include_directories());
    for path in listed.chain(named) {
        // The longest, as one may lie in another.
        let below = directories
            .iter()
            .filter_map(|directory| path.strip_prefix(directory).ok())
            .min_by_key(|name| name.as_os_str().len());
        if let Some(name) = below.map(Path::to_path_buf).filter(|name| *name != Path::new("")) {
            found.entry(name).or_default().insert(path);
        }
    }
    // What lies in a directory that is found comes with it.
    let names: Vec<PathBuf> = found.keys().cloned().collect();
    found.retain(|name, _| {
        !name
            .ancestors()
            .skip(1)
            .any(|above| names.iter().any(|other| other == above))
    });
    found
}

/// The .pc file's, else the package manager's, else what the program says.
fn version_of(entry: &Entry, found: &Found, versions: &BTreeMap<String, String>) -> String {
    let package = if cfg!(target_os = "macos") {
        &entry.homebrew
    } else {
        &entry.debian
    };
    if !found.version.is_empty() {
        return found.version.clone();
    }
    let local = found
        .programs
        .first()
        .is_some_and(|(_, path)| path.starts_with("/usr/local"));
    if let Some(version) = package
        .as_ref()
        .and_then(|name| versions.get(name))
        .filter(|_| !local)
    {
        return version.clone();
    }
    found
        .programs
        .first()
        .and_then(|(_, path)| run(path, &["--version"]))
        .and_then(|text| first_version(&text))
        .unwrap_or_else(|| "unknown".to_string())
}

/// The first word of digits and dots.
fn first_version(text: &str) -> Option<String> {
    text.split(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .map(|word| word.trim_matches('.'))
        .find(|word| word.contains('.'))
        .map(str::to_string)
}

/// The files of the first directory that has a library of this name.
pub(super) fn find_library(name: &str) -> Vec<PathBuf> {
    in_first(&platform::library_directories(), name)
}

/// See [`find_library`]; in these directories.
pub(super) fn in_first(directories: &[PathBuf], name: &str) -> Vec<PathBuf> {
    directories
        .iter()
        .map(|directory| {
            let files = platform::library_names(name)
                .into_iter()
                .map(|file| directory.join(file));
            files.filter(|file| file.is_file()).collect::<Vec<_>>()
        })
        .find(|files| !files.is_empty())
        .unwrap_or_default()
}

fn find_headers(names: &[String]) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for directory in platform::include_directories() {
        for path in names
            .iter()
            .map(|name| directory.join(Path::new(name)))
            .filter(|path| path.exists())
        {
            files.extend(files_below(&path));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        let table: BTreeMap<String, Entry> = toml::from_str(TABLE).expect("data/host-packages.toml");
        assert!(table.len() >= 80, "{} packages", table.len());
        for (name, entry) in table {
            let something = entry.pkg_config.len() + entry.programs.len() + entry.libraries.len();
            assert!(
                something > 0 || is_headers(&entry),
                "{name} has nothing that could be found"
            );
        }
    }

    /// What `init` writes is told of over the host set as well, and what to
    /// install where it is not there.
    #[test]
    fn every_package_that_a_crate_needs_is_known() {
        let table = table();
        for (name, entry) in crate::host::sys_crates::table() {
            for package in entry.packages.iter().chain(&entry.native) {
                assert!(table.contains_key(package), "{name} needs {package}");
            }
        }
    }

    #[test]
    fn a_program_is_no_library() {
        let table = table();
        let found = library(&Entry::default(), &mut Modules::default(), &BTreeMap::new());
        let installed = BTreeMap::from([("protobuf-compiler".to_owned(), "3".to_owned())]);
        let told = |name: &str| lacks(&table[name], &found, &installed);
        if cfg!(target_os = "linux") {
            assert_eq!(told("zstd").as_deref(), Some("libzstd-dev"));
            assert_eq!(told("protobuf"), None, "it has the programs");
        }
        assert_eq!(told("cmake"), None, "there is no library of that name");
    }

    #[test]
    fn versions_are_read_from_what_programs_say() {
        assert_eq!(first_version("cmake version 3.25.1\n").as_deref(), Some("3.25.1"));
        assert_eq!(
            first_version("This is perl 5, (v5.36.0) built").as_deref(),
            Some("5.36.0")
        );
        assert_eq!(first_version("no digits."), None);
    }
}
