//! Files of ours that may be deleted, truncated or filled with noise without
//! more than time being lost: one header line
//! `cargo-nix <kind> <format version> <blake3 of the payload, hex>`, then the
//! payload.
//!
//! Promises: what [`read`] gives is byte for byte what a [`write()`] of the same
//! kind and format was given; a reader sees the old file or the new one, never
//! a part. There is no fsync: a file that a power cut emptied does not check
//! out and counts as absent, which is cheaper than waiting for the disk.
//!
//! Never: an error for a file that cannot be read or does not check out.

use crate::error::{Error, Result};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Bumped when the meaning of any payload changes; older files are then absent.
const FORMAT: &str = "1";

/// How the temporary files beside ours begin (a killed process may leave one).
pub const TEMPORARY_PREFIX: &str = ".cargo-nix-new-";
/// The mode of files that are for this user's eyes alone.
const OURS: u32 = 0o600;

/// The payload of `path`, if it is there, of this `kind`, and whole.
pub fn read(path: &Path, kind: &str) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(path).ok()?;
    let newline = bytes.iter().take(256).position(|byte| *byte == b'\n')?;
    let header = std::str::from_utf8(&bytes[..newline]).ok()?;
    let digest = header
        .strip_prefix("cargo-nix ")?
        .strip_prefix(kind)?
        .strip_prefix(' ')?
        .strip_prefix(FORMAT)?
        .strip_prefix(' ')?;
    let digest = blake3::Hash::from_hex(digest).ok()?;
    if blake3::hash(&bytes[newline + 1..]) != digest {
        return None;
    }
    bytes.drain(..=newline);
    Some(bytes)
}

/// Writes `payload` to `path` as a whole, making the directories above it.
/// `kind` is a word without blanks.
///
/// # Errors
/// [`Error::Io`] with the path at fault.
pub fn write(path: &Path, kind: &str, payload: &[u8]) -> Result<()> {
    let header = format!("cargo-nix {kind} {FORMAT} {}\n", blake3::hash(payload).to_hex());
    let directory = path.parent().unwrap_or(Path::new("."));
    make_directory(directory).map_err(Error::io("creating", directory))?;
    put(directory, path, &[header.as_bytes(), payload], OURS)
}

/// Makes a directory of the cache and those above it, for this user's eyes alone;
/// the mode of one that is there already is its owner's choice.
///
/// # Errors
/// Those of the system.
pub fn make_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Writes the `parts`, one after the other, beside `path` and renames the
/// result to `path`, making the directories above it.
///
/// # Errors
/// [`Error::Io`] with the path at fault.
pub fn replace(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).map_err(Error::io("creating", directory))?;
    put(directory, path, parts, OURS)
}

/// As [`replace`]; `directory`, where `path` lies, is there. The file has this mode,
/// less what the user's umask takes away.
///
/// # Errors
/// Those of [`replace`].
pub fn put(directory: &Path, path: &Path, parts: &[&[u8]], mode: u32) -> Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory)
        .map_err(Error::io("writing a file in", directory))?;
    for part in parts {
        file.write_all(part).map_err(Error::io("writing", path))?;
    }
    file.persist(path)
        .map_err(|error| Error::io("writing", path)(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/slot");
        for payload in [&b""[..], b"\n", b"text\nmore\n\0\xff"] {
            write(&path, "slot", payload).unwrap();
            assert_eq!(read(&path, "slot").as_deref(), Some(payload));
            assert_eq!(read(&path, "slo"), None, "another kind");
        }
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    /// Every truncation and every flipped bit of a file counts as absence.
    #[test]
    fn what_is_not_whole_is_absent() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slot");
        assert_eq!(read(&path, "slot"), None);
        write(&path, "slot", b"payload\nof two lines").unwrap();
        let whole = std::fs::read(&path).unwrap();
        for end in 0..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            assert_eq!(read(&path, "slot"), None, "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut noise = whole.clone();
            noise[at] ^= 1;
            std::fs::write(&path, &noise).unwrap();
            assert_eq!(read(&path, "slot"), None, "bit flipped in byte {at}");
        }
    }
}
