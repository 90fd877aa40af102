//! The messages of a discovery: what is wrong, the way out, the place.

use super::literals::place;
use crate::error::Error;
use crate::snippet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The literal because of which a path is looked at.
#[derive(Debug)]
pub(super) struct Origin {
    pub file: PathBuf,
    pub line: u32,
    pub column: u32,
    /// As written.
    pub text: String,
}

impl Origin {
    /// What begins at an offset of this file.
    pub fn at(file: &Path, source: &str, offset: usize, text: String) -> Origin {
        let (line, column) = place(source, offset);
        Origin {
            file: file.to_path_buf(),
            line,
            column,
            text,
        }
    }
}

fn fault(message: &str, way_out: &str, origin: Option<&Origin>) -> Error {
    let shown = origin.and_then(|origin| snippet::render(&origin.file, origin.line, origin.column));
    let shown = shown.map_or_else(String::new, |shown| format!("\n{shown}"));
    Error::Project {
        message: format!("{message}{shown}\n  {way_out}"),
    }
}

/// A link that leads out of the root.
pub(super) fn outside(root: &Path, link: &Path, target: &Path, origin: Option<&Origin>) -> Error {
    let named = origin.map_or_else(|| link.display().to_string(), |origin| origin.text.clone());
    let reason = if target.is_absolute() {
        "is a link with an absolute target, which the evaluation of a project cannot follow"
    } else {
        "is a link that leads out of the project, where the evaluation cannot read"
    };
    let shown = if named.trim_start_matches("./") == link.to_string_lossy() {
        String::new()
    } else {
        format!(" ({})", link.display())
    };
    fault(
        &format!("`{named}`{shown} {reason}: -> {}", target.display()),
        &format!(
            "put a copy in its place, or make it a relative link to something below {}",
            root.display()
        ),
        origin,
    )
}

/// A fifo, socket or device.
pub(super) fn special(path: &Path, origin: Option<&Origin>) -> Error {
    fault(
        &format!("{} is neither a file nor a directory", path.display()),
        "only files, directories and links can be inputs of an evaluation",
        origin,
    )
}

/// A file or directory that the system does not let us read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error, origin: Option<&Origin>) -> Error {
    fault(
        &format!("reading {}: {error}", path.display()),
        "it is an input of the environment; make it readable, or do not name it",
        origin,
    )
}

/// With this file, the input set has more than `most` bytes.
pub(super) fn too_much(path: &Path, most: u64, origin: Option<&Origin>) -> Error {
    fault(
        &format!(
            "{} makes the inputs of the environment larger than {} MiB",
            path.display(),
            most >> 20
        ),
        "they are hashed and copied into the store; name smaller files or directories, or fetch what is large",
        origin,
    )
}

/// So many bytes are not read for somebody who has not asked.
pub(super) fn unread(bytes: u64) -> Error {
    fault(
        &format!(
            "the inputs are not allowed to be evaluated, and {} MiB of them were not even read",
            bytes >> 20
        ),
        "`cargo-nix allow` reads them, shows what there is to allow, and allows it",
        None,
    )
}

/// A file where expressions find the tables of Cargo.toml.
pub(super) fn in_the_way(path: &Path) -> Error {
    fault(
        &format!(
            "{} is in the place of what is made of the `metadata.cargo-nix` tables of Cargo.toml",
            path.display()
        ),
        "give it another name, or take the tables out of Cargo.toml",
        None,
    )
}

/// A name that no Nix expression can say.
pub(super) fn name(directory: &Path, name: &OsStr, origin: Option<&Origin>) -> Error {
    fault(
        &format!("the name of {} is not UTF-8", directory.join(name).display()),
        "its directory is an input of the environment; rename it or move it out",
        origin,
    )
}

/// A Nix file that is not UTF-8; `valid` bytes of it are.
pub(super) fn not_utf8(file: &Path, bytes: &[u8], valid: usize) -> Error {
    let source = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
    let origin = Origin::at(file, source, valid, String::new());
    fault(
        &format!("{} is not UTF-8", file.display()),
        "save it as UTF-8 (from here on it is something else)",
        Some(&origin),
    )
}

/// A Nix file that would take too long to be read from `offset` on.
pub(super) fn too_long(file: &Path, source: &str, offset: usize) -> Error {
    let origin = Origin::at(file, source, offset, String::new());
    fault(
        &format!(
            "{} holds a word that is too long to be read in time",
            file.display()
        ),
        "put blanks between its parts (around operators, say)",
        Some(&origin),
    )
}
