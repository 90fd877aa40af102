//! Where a project begins, and which layers it has.
//!
//! - The **project at hand** is the nearest directory with a crate-env.nix, the
//!   start itself or above it.
//! - Its **layers** are all directories with a crate-env.nix from there up to
//!   the root of the Cargo workspace that the start belongs to (`workspace`);
//!   outside any workspace, the project at hand alone.
//! - **Pins** (flake.nix, flake.lock or npins/) and the **rust-toolchain** file
//!   are looked for from the project at hand upwards, as far as the top of the
//!   repository: the first directory with `.git`. Without a repository, as far
//!   as the file system goes. What lies above the layers is not believed in
//!   three places: `/`, `$HOME` itself, and directories made for strangers to
//!   share (`/tmp`).
//! - The **root** of the input set is the highest of all these. Nothing above
//!   it can be read by the evaluation.
//!
//! [`Project::find`] runs at every prompt: it does a handful of stats for each
//! directory above, and reads a Cargo.toml only if more than one crate-env.nix
//! is above the start.

pub(crate) mod workspace;

use crate::bounded;
use crate::error::{Error, Result};
use crate::vars::Vars;
use serde::{Deserialize, Serialize};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The file that makes a directory a project.
pub const CRATE_ENV: &str = "crate-env.nix";
/// What makes a directory the one that pins inputs.
pub const PINS: [&str; 3] = ["flake.nix", "flake.lock", "npins"];
/// The files that name a toolchain, in rustup's order of precedence.
pub const RUST_TOOLCHAIN: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];

/// A project on disk. All directories are absolute, links resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// The top of the input set: what is above cannot be read by the evaluation.
    pub root: PathBuf,
    /// Directories with a crate-env.nix, the workspace's root first, the
    /// member at hand last. Never empty.
    pub layers: Vec<PathBuf>,
    /// The nearest directory with flake.nix, flake.lock or npins/, if any.
    pub pins: Option<PathBuf>,
    /// The nearest directory with a rust-toolchain.toml or rust-toolchain.
    pub rust_toolchain: Option<PathBuf>,
}

impl Project {
    /// Finds the project of `start` (default: the current directory), upwards.
    ///
    /// # Errors
    /// [`Error::NoProject`]; [`Error::Io`] if `start` cannot be read;
    /// [`Error::Project`] if a Cargo.toml that decides about layers is broken.
    pub fn find(start: Option<&Path>) -> Result<Project> {
        Project::find_below(start, Vars::read().home.as_deref())
    }

    /// [`Project::find`], given the user's home directory.
    ///
    /// # Errors
    /// The same.
    pub fn find_below(start: Option<&Path>, home: Option<&Path>) -> Result<Project> {
        let given = start.unwrap_or(Path::new("."));
        let start = given.canonicalize().map_err(Error::of_directory(given))?;
        let believed = |directory: &Path| directory == start || believed(directory, home);

        let mut layers: Vec<PathBuf> = start
            .ancestors()
            .filter(|directory| *directory == start || directory.parent().is_some())
            .filter(|directory| exists(directory, CRATE_ENV))
            .filter(|directory| believed(directory))
            .map(Path::to_path_buf)
            .collect();
        let Some(at_hand) = layers.first().cloned() else {
            return Err(Error::NoProject { start });
        };
        if layers.len() > 1 {
            let top = workspace::root(&start)?.filter(|top| at_hand.starts_with(top));
            let top = top.as_deref().unwrap_or(&at_hand);
            layers.retain(|layer| layer.starts_with(top));
        }
        layers.reverse();

        let above = up_to_the_repository(&at_hand, &layers[0]);
        let nearest = |names: &[&str]| nearest(&above, &layers[0], names, &believed);
        let pins = nearest(&PINS);
        let rust_toolchain = nearest(&RUST_TOOLCHAIN);
        let root = [Some(&layers[0]), pins.as_ref(), rust_toolchain.as_ref()]
            .into_iter()
            .flatten()
            .min_by_key(|directory| directory.components().count())
            .cloned()
            .unwrap_or_else(|| at_hand.clone());
        Ok(Project {
            root,
            layers,
            pins,
            rust_toolchain,
        })
    }

    /// The directory of the project at hand: the last layer.
    pub fn directory(&self) -> &Path {
        self.layers.last().unwrap_or(&self.root)
    }

    /// The text of its Cargo.lock: of the outermost layer that has one, else of the
    /// Cargo workspace that it is a member of.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Project`] if a Cargo.toml on the way is broken.
    pub fn cargo_lock(&self) -> Result<Option<Vec<u8>>> {
        let read = |directory: &Path| bounded::read_if_any(&directory.join("Cargo.lock"), bounded::SMALL);
        let mut texts = self.layers.iter().map(|layer| read(layer));
        if let Some(text) = texts.find_map(Result::transpose) {
            return text.map(Some);
        }
        let workspace = workspace::root(self.directory())?;
        workspace.map_or(Ok(None), |root| read(&root))
    }

    /// Where the cache keeps what belongs to this project on this disk:
    /// `projects/<this>`. It depends on the layers and on nothing else.
    pub fn id(&self) -> Id {
        let mut hasher = blake3::Hasher::new();
        for layer in &self.layers {
            let bytes = layer.as_os_str().as_bytes();
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        Id(id)
    }
}

/// What [`Project::id`] gives: 128 bits of a hash, since it is part of paths that
/// direnv keeps in variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Id([u8; 16]);

impl Id {
    /// Its 32 hexadecimal digits.
    pub fn to_hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The directories from `start` upwards that may speak for the project. They end
/// with the repository, but not below `least`; `/` is not believed, unless it is
/// within.
fn up_to_the_repository<'a>(start: &'a Path, least: &Path) -> Vec<&'a Path> {
    let mut above = Vec::new();
    for directory in start.ancestors() {
        let within = directory.starts_with(least);
        if !within && directory.parent().is_none() {
            break;
        }
        above.push(directory);
        if (!within || directory == least) && exists(directory, ".git") {
            break;
        }
    }
    above
}

/// The nearest of these directories that has one of the `names`.
fn nearest(
    above: &[&Path],
    least: &Path,
    names: &[&str],
    believed: &dyn Fn(&Path) -> bool,
) -> Option<PathBuf> {
    let has = |directory: &Path| names.iter().any(|name| exists(directory, name));
    let counts = |directory: &Path| directory.starts_with(least) || believed(directory);
    let found = above.iter().find(|directory| has(directory) && counts(directory));
    found.map(|directory| directory.to_path_buf())
}

fn exists(directory: &Path, name: &str) -> bool {
    directory.join(name).symlink_metadata().is_ok()
}

/// Whether files in a directory above the start may speak for the project.
fn believed(directory: &Path, home: Option<&Path>) -> bool {
    // The sticky bit too: that is a directory made for strangers to share. A
    // file system without permissions (0777 everywhere) is no such place.
    const SHARED: u32 = 0o1002;
    let is_home = || home.is_some_and(|home| home.canonicalize().is_ok_and(|home| home == directory));
    directory.parent().is_some()
        && !is_home()
        && directory
            .metadata()
            .is_ok_and(|metadata| metadata.permissions().mode() & SHARED != SHARED)
}
