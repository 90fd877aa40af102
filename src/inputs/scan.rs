//! What of a directory counts, when the directory as such is in the input set.

use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::Path;

/// Our own directory at the top of a snapshot; a project's is not looked at.
pub(super) const OURS: &str = ".cargo-nix";

/// How much of a directory counts. The order is that of inclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Sweep {
    /// Its Nix side: `*.nix`, flake.lock, rust-toolchain files, recursively.
    NixSide,
    /// All it holds.
    Whole,
}

/// What kind of entry, as the directory itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Directory,
    File,
    Link,
}

/// What counts of a directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// Whole unless it was asked for less or holds a Cargo.toml.
    pub sweep: Sweep,
    /// By name, in the order of bytes.
    pub entries: Vec<(String, Entry)>,
    /// Of all the above; equal iff equal.
    pub hash: [u8; 32],
}

/// Why a directory cannot be listed.
#[derive(Debug)]
pub(super) enum Fault {
    Io(std::io::Error),
    /// A name that counts is not UTF-8.
    Name(OsString),
}

/// Lists `directory`. `named`: an expression names it, so that it counts even
/// if it is marked as a cache (CACHEDIR.TAG). `top`: it is the root.
pub(super) fn list(directory: &Path, sweep: Sweep, named: bool, top: bool) -> Result<Listing, Fault> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(Fault::Io)? {
        let entry = entry.map_err(Fault::Io)?;
        let kind = entry.file_type().map_err(Fault::Io)?;
        let kind = if kind.is_dir() {
            Entry::Directory
        } else if kind.is_symlink() {
            Entry::Link
        } else if kind.is_file() {
            Entry::File
        } else {
            continue;
        };
        all.push((entry.file_name(), kind));
    }
    let holds = |name: &str| all.iter().any(|(other, _)| other == name);
    let cargo = holds("Cargo.toml");
    let sweep = if cargo { Sweep::NixSide } else { sweep };
    let is_cache = !named && holds("CACHEDIR.TAG");
    let mut entries = Vec::new();
    for (name, kind) in all {
        let skipped = is_cache
            || matches!(name.to_str(), Some(".git" | ".direnv"))
            || (top && name == OURS)
            || (cargo && name == "target");
        if skipped {
            continue;
        }
        match (name.into_string(), sweep) {
            (Ok(name), Sweep::Whole) => entries.push((name, kind)),
            (Ok(name), Sweep::NixSide) if kind == Entry::Directory || is_nix_side(&name) => {
                entries.push((name, kind));
            }
            (Err(name), Sweep::Whole) => return Err(Fault::Name(name)),
            (_, Sweep::NixSide) => {}
        }
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let hash = hash(sweep, &entries);
    Ok(Listing { sweep, entries, hash })
}

fn is_nix_side(name: &str) -> bool {
    name.ends_with(".nix") || name == "flake.lock" || crate::project::RUST_TOOLCHAIN.contains(&name)
}

fn hash(sweep: Sweep, entries: &[(String, Entry)]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[sweep as u8]);
    for (name, kind) in entries {
        hasher.update(&[*kind as u8]).update(name.as_bytes()).update(&[0]);
    }
    *hasher.finalize().as_bytes()
}
