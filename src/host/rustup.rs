//! The toolchains of the machine: rustup's, read from its files without running
//! it; else the distribution's own compiler.
//!
//! `RUSTUP_TOOLCHAIN` and rustup's directory overrides are not heeded: the
//! environment is to be the same for everyone who has the project, whatever a
//! shell exports. `settings.toml`'s default is, because a project that names no
//! toolchain asks for "the machine's".

use super::platform;
use super::sentinel::Sentinel;
use super::toolchain::{Component, Toolchain, ask_rustc, components_of_tree, names_in};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a component has for readers, and no build or program looks at: seventy
/// files of a toolchain, which are neither described nor watched.
const FOR_READERS: [&str; 2] = ["share/doc/", "share/man/"];

/// `arguments.host.rust`, or null when the machine has no Rust at all.
pub(super) fn describe(rustup_home: Option<&Path>, sentinel: &mut Sentinel) -> Value {
    let mut toolchains = BTreeMap::new();
    let mut default = None;
    if let Some(home) = rustup_home {
        sentinel.watch_closely(home);
        sentinel.watch_closely(&home.join("settings.toml"));
        sentinel.watch_closely(&home.join("toolchains"));
        for name in names_in(&home.join("toolchains")) {
            let root = home.join("toolchains").join(&name);
            watch_records(&root, sentinel);
            if let Some(toolchain) = installed(&root, &name).or_else(|| linked(&root, &name)) {
                toolchains.insert(name, toolchain);
            }
        }
        default = default_toolchain(&home.join("settings.toml"), &toolchains);
    }
    if toolchains.is_empty()
        && let Some(toolchain) = of_distribution(sentinel)
    {
        default = Some("system".to_string());
        toolchains.insert("system".to_string(), toolchain);
    }
    if toolchains.is_empty() {
        return Value::Null;
    }
    let described: serde_json::Map<String, Value> = toolchains
        .iter()
        .map(|(name, toolchain)| {
            (
                name.clone(),
                toolchain.describe(sentinel, is_built_by_hand(toolchain, rustup_home)),
            )
        })
        .collect();
    json!({ "default": default, "toolchains": described })
}

/// Watches where the toolchain is, and what tells which components it has.
fn watch_records(root: &Path, sentinel: &mut Sentinel) {
    sentinel.watch_closely(root);
    let real = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
    for file in ["lib/rustlib", "lib/rustlib/components", "bin/rustc", "lib"] {
        sentinel.watch_closely(&real.join(file));
    }
    for name in names_in(&real.join("lib/rustlib")) {
        if name.starts_with("manifest-") || name == "multirust-channel-manifest.toml" {
            sentinel.watch_closely(&real.join("lib/rustlib").join(name));
        }
    }
}

/// Whether somebody builds it, and may write in place what rustup and package
/// managers only ever replace: then the first tier watches its every file. A link
/// may also be another name for a toolchain of rustup's.
fn is_built_by_hand(toolchain: &Toolchain, rustup_home: Option<&Path>) -> bool {
    let of_rustup = || {
        let all = std::fs::canonicalize(rustup_home?.join("toolchains")).ok()?;
        let real = std::fs::canonicalize(&toolchain.root).ok()?;
        Some(real.starts_with(all))
    };
    !platform::is_of_packages(&toolchain.root) && of_rustup() != Some(true)
}

/// A toolchain with rustup's own records in `lib/rustlib`.
fn installed(root: &Path, name: &str) -> Option<Toolchain> {
    let rustlib = root.join("lib/rustlib");
    let names = std::fs::read_to_string(rustlib.join("components")).ok()?;
    let host = names
        .lines()
        .find_map(|line| line.strip_prefix("rustc-"))?
        .to_string();
    let manifest =
        std::fs::read_to_string(rustlib.join("multirust-channel-manifest.toml")).unwrap_or_default();
    let manifest = ChannelManifest::parse(&manifest);
    let (version, commit) = match manifest.version("rustc") {
        Some(version) => version,
        None => ask_rustc(&root.join("bin/rustc")).map(|(version, commit, _)| (version, commit))?,
    };
    let mut components = BTreeMap::new();
    for line in names.lines().filter(|line| !line.starts_with("rust-docs")) {
        let files = std::fs::read_to_string(rustlib.join(format!("manifest-{line}"))).unwrap_or_default();
        let mut files: Vec<String> = files
            .lines()
            .filter_map(|line| line.strip_prefix("file:").or_else(|| line.strip_prefix("dir:")))
            .filter(|file| !FOR_READERS.iter().any(|directory| file.starts_with(directory)))
            .map(str::to_string)
            .collect();
        files.sort();
        // The standard library is there once for each target; all else is the machine's.
        let (package, name) = match line.strip_prefix("rust-std-") {
            Some(_) => ("rust-std", line),
            None => {
                let package = line.strip_suffix(&format!("-{host}")).unwrap_or(line);
                (package, package.strip_suffix("-preview").unwrap_or(package))
            }
        };
        let version = manifest
            .version(package)
            .map_or_else(|| version.clone(), |(version, _)| version);
        components.insert(name.to_string(), Component { version, files });
    }
    let channel = name.strip_suffix(&format!("-{host}")).unwrap_or(name).to_string();
    Some(Toolchain {
        version,
        channel,
        date: manifest.date,
        commit,
        host,
        root: root.to_path_buf(),
        components,
        recorded: true,
    })
}

/// A toolchain of the user's own (`rustup toolchain link`), which has no records.
fn linked(root: &Path, name: &str) -> Option<Toolchain> {
    let (version, commit, host) = ask_rustc(&root.join("bin/rustc"))?;
    let components = components_of_tree(root, &host, &version, &["lib"]);
    let channel = name.strip_suffix(&format!("-{host}")).unwrap_or(name).to_string();
    Some(Toolchain {
        version,
        channel,
        date: None,
        commit,
        host,
        root: root.to_path_buf(),
        components,
        recorded: false,
    })
}

/// The distribution's compiler, as toolchain `system`.
fn of_distribution(sentinel: &mut Sentinel) -> Option<Toolchain> {
    let rustc = super::find_program("rustc", sentinel)?;
    // rustup's proxies may lie in a system directory; they are not a compiler.
    if std::fs::canonicalize(&rustc).ok()?.file_name()? == "rustup" {
        return None;
    }
    let (version, commit, host) = ask_rustc(&rustc)?;
    let root = PathBuf::from(super::run(&rustc, &["--print", "sysroot"])?.trim());
    let libraries: Vec<String> = platform::library_directories()
        .iter()
        .filter_map(|directory| {
            directory
                .strip_prefix(&root)
                .ok()?
                .to_str()
                .map(|name| name.trim_end_matches('/').to_string())
        })
        .collect();
    let libraries: Vec<&str> = libraries.iter().map(String::as_str).collect();
    let components = components_of_tree(&root, &host, &version, &libraries);
    Some(Toolchain {
        channel: version.clone(),
        version,
        date: None,
        commit,
        host,
        root,
        components,
        recorded: false,
    })
}

/// rustup's default, if it is installed: `settings.toml` may give the name with
/// or without the machine's triple.
fn default_toolchain(settings: &Path, toolchains: &BTreeMap<String, Toolchain>) -> Option<String> {
    let settings: toml::Table = std::fs::read_to_string(settings).ok()?.parse().ok()?;
    let wanted = settings.get("default_toolchain")?.as_str()?;
    if toolchains.contains_key(wanted) {
        return Some(wanted.to_string());
    }
    let host = settings.get("default_host_triple").and_then(toml::Value::as_str);
    toolchains
        .iter()
        .find(|(name, toolchain)| toolchain.channel == wanted && host.is_none_or(|host| name.ends_with(host)))
        .map(|(name, _)| name.clone())
}

/// What rustup keeps of the release's manifest: a megabyte of generated TOML,
/// of which a few lines are wanted; its form is fixed, so lines are looked at.
struct ChannelManifest {
    date: Option<String>,
    versions: BTreeMap<String, String>,
}

impl ChannelManifest {
    fn parse(text: &str) -> ChannelManifest {
        let quoted = |line: &str, key: &str| {
            Some(
                line.strip_prefix(key)?
                    .strip_prefix(" = \"")?
                    .strip_suffix('"')?
                    .to_string(),
            )
        };
        let mut manifest = ChannelManifest {
            date: None,
            versions: BTreeMap::new(),
        };
        let mut package = None;
        for line in text.lines() {
            if let Some(section) = line.strip_prefix("[pkg.") {
                package = section.strip_suffix(']').filter(|name| !name.contains('.'));
            } else if line.starts_with('[') {
                package = None;
            } else if let Some(package) = package {
                if let Some(version) = quoted(line, "version") {
                    manifest.versions.insert(package.to_string(), version);
                }
            } else if manifest.date.is_none() && manifest.versions.is_empty() {
                manifest.date = quoted(line, "date");
            }
        }
        manifest
    }

    /// `1.95.0 (59807616e 2026-04-14)` as version and commit.
    fn version(&self, package: &str) -> Option<(String, Option<String>)> {
        let mut words = self.versions.get(package)?.split_whitespace();
        let version = words.next()?.to_string();
        Some((
            version,
            words
                .next()
                .and_then(|word| word.strip_prefix('('))
                .map(str::to_string),
        ))
    }
}
