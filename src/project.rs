//! Where a project begins, and which layers it has.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A project on disk. All directories are absolute, links resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The top of the input set: what is above cannot be read by the evaluation.
    pub root: PathBuf,
    /// Directories with a crate-env.nix, the workspace's root first, the
    /// member at hand last.
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
    /// [`Error::NoProject`].
    pub fn find(start: Option<&Path>) -> Result<Project> {
        let start = start.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
        Err(Error::NoProject { start })
    }
}
