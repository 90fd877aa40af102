//! The NAR hash of a directory on disk, as `nix hash path` gives it.
//!
//! A NAR holds names, contents, exec bits and link targets, in the order of the
//! names' bytes; no times, owners or other modes.

use crate::error::{Error, Result};
use base64::Engine;
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The NAR hash of the file, link or directory `path`: `sha256-<base64>`.
///
/// # Errors
/// [`Error::Io`] if something below cannot be read; [`Error::Project`] if there
/// is a socket, fifo or device.
pub fn hash(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    string(&mut hasher, b"nix-archive-1");
    node(&mut hasher, path)?;
    let digest = base64::engine::general_purpose::STANDARD.encode(hasher.finalize());
    Ok(format!("sha256-{digest}"))
}

fn node(hasher: &mut Sha256, path: &Path) -> Result<()> {
    let metadata = path.symlink_metadata().map_err(Error::io("reading", path))?;
    let kind = metadata.file_type();
    string(hasher, b"(");
    string(hasher, b"type");
    if kind.is_symlink() {
        let target = std::fs::read_link(path).map_err(Error::io("reading", path))?;
        string(hasher, b"symlink");
        string(hasher, b"target");
        string(hasher, target.as_os_str().as_bytes());
    } else if kind.is_dir() {
        string(hasher, b"directory");
        for name in names(path)? {
            string(hasher, b"entry");
            string(hasher, b"(");
            string(hasher, b"name");
            string(hasher, name.as_bytes());
            string(hasher, b"node");
            node(hasher, &path.join(name))?;
            string(hasher, b")");
        }
    } else if kind.is_file() {
        string(hasher, b"regular");
        if metadata.permissions().mode() & 0o100 != 0 {
            string(hasher, b"executable");
            string(hasher, b"");
        }
        string(hasher, b"contents");
        contents(hasher, path, metadata.len())?;
    } else {
        let message = format!(
            "{} is neither a file, a directory nor a link\n  remove it",
            path.display()
        );
        return Err(Error::Project { message });
    }
    string(hasher, b")");
    Ok(())
}

fn names(directory: &Path) -> Result<Vec<OsString>> {
    let entries = std::fs::read_dir(directory).map_err(Error::io("reading", directory))?;
    let names: std::io::Result<Vec<OsString>> = entries.map(|entry| Ok(entry?.file_name())).collect();
    let mut names = names.map_err(Error::io("reading", directory))?;
    names.sort();
    Ok(names)
}

/// The contents as a string of `length` bytes; a file that has another length
/// by now is an error.
fn contents(hasher: &mut Sha256, path: &Path, length: u64) -> Result<()> {
    let mut file = File::open(path).map_err(Error::io("reading", path))?;
    let mut buffer = [0; 1 << 16];
    let mut read = 0;
    hasher.update(length.to_le_bytes());
    loop {
        let count = file.read(&mut buffer).map_err(Error::io("reading", path))?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        read += count as u64;
    }
    if read != length {
        return Err(Error::io("reading", path)(std::io::Error::other(
            "it changed meanwhile",
        )));
    }
    pad(hasher, length);
    Ok(())
}

/// A string of a NAR: its length, its bytes, zeros up to a multiple of eight.
fn string(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
    pad(hasher, bytes.len() as u64);
}

fn pad(hasher: &mut Sha256, length: u64) {
    let rest = (8 - length % 8) % 8;
    hasher.update(&[0; 8][..usize::try_from(rest).unwrap_or(0)]);
}
