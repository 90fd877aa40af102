//! Where a Mac keeps things: the Command Line Tools and Homebrew; `linux.rs`
//! is the counterpart.

use rustix::fs::OFlags;
use rustix::process::Pid;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where programs are looked for, in order; not the user's PATH, see `linux.rs`.
pub(super) const PROGRAM_DIRECTORIES: &[&str] = &[
    "/usr/bin",
    "/bin",
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/Library/Developer/CommandLineTools/usr/bin",
];

/// What a directory is opened with for looking things up in it.
pub(super) const LOOKUP_ONLY: OFlags = OFlags::RDONLY;

/// What the C compiler is asked for with `-print-file-name`.
pub(super) const C_RUNTIME: &[&str] = &["libclang_rt.osx.a", "libSystem.tbd"];

/// Headers whose contents stand for the SDK, whose other files the Command
/// Line Tools replace together with these.
pub(super) const C_HEADERS: &[&str] = &[
    "stdio.h",
    "stdlib.h",
    "TargetConditionals.h",
    "AvailabilityVersions.h",
];

const SDK: &str = "/Library/Developer/CommandLineTools/SDKs/MacOSX.sdk/usr";
const BREWS: &[&str] = &["/opt/homebrew", "/usr/local"];

/// `<brew>/<below>` and `<brew>/opt/*/<below>`: keg-only formulas (openssl,
/// curl, sqlite) are found in the latter alone.
fn brewed(below: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for brew in BREWS.iter().map(Path::new) {
        all.push(brew.join(below));
        let mut kegs: Vec<PathBuf> = std::fs::read_dir(brew.join("opt"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|keg| keg.path().join(below))
            .filter(|path| path.is_dir())
            .collect();
        kegs.sort();
        all.extend(kegs);
    }
    all
}

/// Where .pc files are looked for, in order.
pub(super) fn pkg_config_directories() -> Vec<PathBuf> {
    let mut all = brewed("lib/pkgconfig");
    all.extend(brewed("share/pkgconfig"));
    all
}

/// Where libraries are looked for, in order.
pub(super) fn library_directories() -> Vec<PathBuf> {
    let mut all = brewed("lib");
    all.push(Path::new(SDK).join("lib"));
    all
}

/// Where headers are looked for, in order.
pub(super) fn include_directories() -> Vec<PathBuf> {
    let mut all = brewed("include");
    all.push(Path::new(SDK).join("include"));
    all
}

/// Directories that change with every change of the installed software.
pub(super) fn package_databases() -> Vec<PathBuf> {
    [
        "/opt/homebrew/Cellar",
        "/opt/homebrew/opt",
        "/usr/local/Cellar",
        "/usr/local/opt",
        SDK,
    ]
    .map(PathBuf::from)
    .to_vec()
}

/// Whether the file, or what it is a link to, lies where Homebrew or the system's
/// updates alone write: they put new files, or new links, into place.
pub(super) fn is_of_packages(file: &Path) -> bool {
    let real = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    ["/opt/homebrew", SDK]
        .iter()
        .any(|prefix| real.starts_with(prefix))
}

/// The versions of installed formulas by name.
pub(super) fn package_versions() -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    for formula in BREWS
        .iter()
        .flat_map(|brew| std::fs::read_dir(Path::new(brew).join("Cellar")))
        .flatten()
        .flatten()
    {
        let newest = std::fs::read_dir(formula.path())
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|version| version.file_name().into_string().ok())
            .max();
        if let (Ok(name), Some(version)) = (formula.file_name().into_string(), newest) {
            versions.insert(name, version);
        }
    }
    versions
}

/// How a package is installed.
pub(super) const INSTALL: &str = "brew install";

/// What Homebrew calls a package.
pub(super) fn package_name(entry: &super::packages::Entry) -> Option<&str> {
    entry.homebrew.as_deref()
}

/// What of the machine a build may see that asks for it.
pub(super) fn sandbox_paths() -> Vec<String> {
    [
        "/usr",
        "/bin",
        "/System",
        "/Library/Developer",
        "/private/var/select",
        "/opt/homebrew",
    ]
    .into_iter()
    .filter(|path| Path::new(path).exists())
    .map(str::to_string)
    .collect()
}

/// Whether a process is over, and its parent has not asked how it ended: not
/// for long, as launchd asks for every orphan.
pub(crate) fn is_zombie(_: Pid) -> bool {
    false
}

/// How a library's file may be called, for the linker.
pub(super) fn library_names(name: &str) -> [String; 3] {
    [
        format!("lib{name}.dylib"),
        format!("lib{name}.tbd"),
        format!("lib{name}.a"),
    ]
}
