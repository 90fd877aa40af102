//! The input set, written out: exactly the bytes that were hashed.
//!
//! Each file is hashed again while it is copied. One that is not what it was
//! when the key was computed makes the snapshot void; nothing of it is left.

use super::key::{self, Node};
use super::manifest::{Manifest, join};
use super::scan::OURS;
use crate::bounded;
use crate::error::{Error, Result};
use crate::sealed::TEMPORARY_PREFIX;
use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How writing a snapshot ended.
pub(super) enum Outcome {
    Written,
    /// This file (relative to the root) is not what was hashed.
    Changed(PathBuf),
}

/// Writes the input set below `root` to the directory `into`, beside it first,
/// then renamed; what is there already is replaced.
pub(super) fn write(root: &Path, manifest: &Manifest, into: &Path) -> Result<Outcome> {
    let parent = into.parent().unwrap_or(Path::new("/"));
    crate::sealed::make_directory(parent).map_err(Error::io("creating", parent))?;
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .tempdir_in(parent)
        .map_err(Error::io("writing a directory in", parent))?;
    for (path, node) in key::nodes(&manifest.records) {
        let to = temporary.path().join(path);
        directory(to.parent().unwrap_or(temporary.path()))?;
        if !place(&join(root, path), node, &to)? {
            return Ok(Outcome::Changed(path.to_path_buf()));
        }
    }
    if !manifest.metadata.is_empty() {
        let ours = temporary.path().join(OURS);
        directory(&ours)?;
        let to = ours.join("metadata.json");
        std::fs::write(&to, &manifest.metadata).map_err(Error::io("writing", &to))?;
        mode(&to, 0o644)?;
    }
    mode(temporary.path(), 0o755)?;
    replace(temporary, into, |_| false)?;
    Ok(Outcome::Written)
}

/// Puts one node in its place; `false` if the source is not what was hashed.
fn place(from: &Path, node: Node<'_>, to: &Path) -> Result<bool> {
    match node {
        Node::Empty => directory(to).map(|()| true),
        Node::Link { target } => {
            std::os::unix::fs::symlink(target, to).map_err(Error::io("writing", to))?;
            Ok(std::fs::read_link(from).is_ok_and(|now| now == Path::new(target)))
        }
        Node::File { executable, hash } => {
            let Some(copied) = copy(from, to)? else {
                return Ok(false);
            };
            mode(to, if executable { 0o755 } else { 0o644 })?;
            Ok(copied == *hash)
        }
    }
}

/// Copies a file; its hash, or `None` if it can no longer be read.
fn copy(from: &Path, to: &Path) -> Result<Option<[u8; 32]>> {
    let Ok(mut source) = bounded::open(from) else {
        return Ok(None);
    };
    let mut copy = File::create(to).map_err(Error::io("writing", to))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = [0; 1 << 16];
    loop {
        let Ok(count) = source.read(&mut buffer) else {
            return Ok(None);
        };
        if count == 0 {
            return Ok(Some(*hasher.finalize().as_bytes()));
        }
        hasher.update(&buffer[..count]);
        copy.write_all(&buffer[..count])
            .map_err(Error::io("writing", to))?;
    }
}

/// Makes a directory and those above it, readable by all whatever the umask.
fn directory(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        directory(parent)?;
    }
    std::fs::create_dir(path).map_err(Error::io("creating", path))?;
    mode(path, 0o755)
}

fn mode(path: &Path, mode: u32) -> Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::io("writing", path))
}

/// Renames a finished directory to its place. What is there already is moved
/// away first, unless it is just as `good`.
pub(crate) fn replace(from: tempfile::TempDir, to: &Path, good: impl Fn(&Path) -> bool) -> Result<()> {
    if std::fs::rename(from.path(), to).is_err() {
        if good(to) {
            return Ok(());
        }
        let parent = to.parent().unwrap_or(to);
        let aside = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempdir_in(parent)
            .map_err(Error::io("writing a directory in", parent))?;
        if to.symlink_metadata().is_ok() {
            std::fs::rename(to, aside.path().join("old")).map_err(Error::io("replacing", to))?;
        }
        std::fs::rename(from.path(), to).map_err(Error::io("writing", to))?;
    }
    // It is no longer where it was made: nothing is left to remove.
    let _ = from.keep();
    Ok(())
}
