//! A Rust toolchain as found on disk, in components.

use super::sentinel::Sentinel;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The component of the standard library's sources.
const SOURCES: &str = "rust-src";
/// Of `lib/rustlib/src/rust/library/<crate>`.
const SOURCES_DEPTH: usize = 6;

/// A toolchain. Its shape in JSON is told in the module docs of [`super`].
#[derive(Debug)]
pub(super) struct Toolchain {
    /// What rustc calls itself: `1.95.0`, `1.97.0-nightly`.
    pub(super) version: String,
    /// The name without the machine's triple: `stable`, `nightly-2026-01-01`,
    /// `1.95.0`, or what the user called it.
    pub(super) channel: String,
    /// The date of the release, as in `nightly-<date>`.
    pub(super) date: Option<String>,
    /// Short commit hash of rustc, if known.
    pub(super) commit: Option<String>,
    /// The machine's triple.
    pub(super) host: String,
    /// Absolute, as rustup names it (links not resolved).
    pub(super) root: PathBuf,
    /// By name without the machine's triple and `-preview`.
    pub(super) components: BTreeMap<String, Component>,
    /// rustup's records say which files belong to it; else its directories do.
    pub(super) recorded: bool,
}

/// A component of a toolchain.
#[derive(Debug)]
pub(super) struct Component {
    /// Of the component itself (cargo's and clippy's differ from rustc's).
    pub(super) version: String,
    /// Files and directories below the toolchain's root, relative, sorted.
    pub(super) files: Vec<String>,
}

impl Toolchain {
    /// As `arguments.host.rust.toolchains.<name>`; watches what it says: in the
    /// first tier, if `each`, the components' files, as far as
    /// [`Component::is_big`] lets them, else the directories that hold them; in
    /// the second tier every file.
    ///
    /// They are watched where they really are, so that two names of one
    /// toolchain cost as much as one; that the name still leads there is seen at
    /// its root.
    ///
    /// The `id` of a component is not a hash of its contents, which would cost
    /// half a second of reading a toolchain; it covers every file's path, size,
    /// inode, modification and status-change times, and so changes whenever the
    /// contents do. It may change when they do not; that costs an import, and
    /// the store path, which is by content, stays the same.
    pub(super) fn describe(&self, sentinel: &mut Sentinel, each: bool) -> Value {
        let real = std::fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
        sentinel.watch_closely(&self.root);
        let mut components = serde_json::Map::new();
        for (name, component) in &self.components {
            let files = component.files_in(&self.root);
            self.watch(name, component, &real, sentinel, each);
            let mut hasher = blake3::Hasher::new();
            for word in [
                name,
                &component.version,
                &self.version,
                &self.host,
                self.commit.as_deref().unwrap_or(""),
            ] {
                hasher.update(word.as_bytes()).update(&[0]);
            }
            hasher.update(real.as_os_str().as_encoded_bytes());
            for file in &files {
                hasher.update(&[0]).update(
                    file.strip_prefix(&self.root)
                        .unwrap_or(file)
                        .as_os_str()
                        .as_encoded_bytes(),
                );
                hasher.update(&[0]).update(&facts(file));
            }
            let id = hasher.finalize().to_hex().to_string();
            components.insert(
                name.clone(),
                json!({ "id": id, "version": component.version, "files": component.files }),
            );
        }
        json!({
            "version": self.version,
            "channel": self.channel,
            "date": self.date,
            "commit": self.commit,
            "host": self.host,
            "root": self.root.to_str(),
            "components": components,
        })
    }
}

impl Toolchain {
    fn watch(&self, name: &str, component: &Component, root: &Path, sentinel: &mut Sentinel, each: bool) {
        let files = component.files_in(root);
        let each = each && !Component::is_big(name, &files);
        let tops = component.files.iter().map(|file| root.join(file));
        let trees: Vec<PathBuf> = tops.filter(|top| top.is_dir()).collect();
        let within = |path: &&Path| path.starts_with(root);
        let mut directories: BTreeSet<&Path> = trees.iter().map(PathBuf::as_path).collect();
        for file in &files {
            directories.extend(file.ancestors().skip(1).take_while(within));
        }
        if each && self.recorded {
            // What no record names is none of ours; what one names tells itself
            // that it was replaced.
            directories.retain(|path| trees.iter().any(|tree| path.starts_with(tree)));
        }
        if name == SOURCES {
            // Hundreds of directories; the upper ones are enough to tell that
            // another release was put in their place.
            let depth = root.components().count() + SOURCES_DEPTH;
            directories.retain(|path| path.components().count() <= depth);
        }
        for directory in directories {
            sentinel.watch_closely(directory);
        }
        for file in &files {
            if each {
                sentinel.watch_closely(file);
            } else {
                sentinel.watch(file);
            }
        }
    }
}

impl Component {
    /// Every file, absolute.
    fn files_in(&self, root: &Path) -> Vec<PathBuf> {
        let files = self.files.iter();
        files
            .flat_map(|file| super::contents::files_below(&root.join(file)))
            .collect()
    }

    /// Whether its files are too many to be statted at every prompt.
    fn is_big(name: &str, files: &[PathBuf]) -> bool {
        name == SOURCES || files.len() > super::sentinel::MANY
    }
}

fn facts(file: &Path) -> Vec<u8> {
    let Ok(stat) = std::fs::metadata(file) else {
        return Vec::new();
    };
    [
        stat.ino().cast_signed(),
        stat.size().cast_signed(),
        stat.mtime(),
        stat.mtime_nsec(),
        stat.ctime(),
        stat.ctime_nsec(),
    ]
    .iter()
    .flat_map(|number| number.to_le_bytes())
    .collect()
}

/// Version, commit and triple, as `rustc -vV` says them. `sysroot` is given to
/// no one: the program is run as it lies there.
pub(super) fn ask_rustc(rustc: &Path) -> Option<(String, Option<String>, String)> {
    let text = super::run(rustc, &["-vV"])?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::to_string)
    };
    let commit = field("commit-hash: ")
        .filter(|hash| hash != "unknown")
        .map(|hash| hash.chars().take(9).collect());
    Some((field("release: ")?, commit, field("host: ")?))
}

/// The components of a tree that no installer described: a compiler built from
/// source, or a distribution's under `/usr` (`libraries`: where its shared
/// libraries lie, relative to `root`). Only names that belong to Rust are taken.
pub(super) fn components_of_tree(
    root: &Path,
    host: &str,
    version: &str,
    libraries: &[&str],
) -> BTreeMap<String, Component> {
    let mut components = BTreeMap::new();
    let mut add = |name: String, mut files: Vec<String>| {
        files.retain(|file| root.join(file).exists());
        files.sort();
        if !files.is_empty() {
            components.insert(
                name,
                Component {
                    version: version.to_string(),
                    files,
                },
            );
        }
    };
    let programs = |names: &[&str]| names.iter().map(|name| format!("bin/{name}")).collect::<Vec<_>>();
    let mut rustc = programs(&["rustc", "rustdoc"]);
    rustc.push(format!("lib/rustlib/{host}/bin"));
    for directory in libraries {
        let ours = |name: &str| {
            name.starts_with("librustc_driver-")
                || name.starts_with("libstd-")
                || name.starts_with("libtest-")
                || (name.starts_with("libLLVM") && name.contains("rust"))
        };
        rustc.extend(
            names_in(&root.join(directory))
                .filter(|name| ours(name))
                .map(|name| format!("{directory}/{name}")),
        );
    }
    add("rustc".into(), rustc);
    add("cargo".into(), programs(&["cargo"]));
    add("clippy".into(), programs(&["cargo-clippy", "clippy-driver"]));
    add("rustfmt".into(), programs(&["cargo-fmt", "rustfmt"]));
    add("rust-analyzer".into(), programs(&["rust-analyzer"]));
    add("rust-src".into(), vec!["lib/rustlib/src".into()]);
    for target in names_in(&root.join("lib/rustlib")) {
        let libraries = format!("lib/rustlib/{target}/lib");
        if target.contains('-') && root.join(&libraries).is_dir() {
            add(format!("rust-std-{target}"), vec![libraries]);
        }
    }
    components
}

/// The names in a directory, sorted; none if it cannot be read.
pub(super) fn names_in(directory: &Path) -> impl Iterator<Item = String> + use<> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names.into_iter()
}
