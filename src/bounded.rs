//! Files of a project, read so that none of them can hold us up: a prompt reads
//! them before anybody has allowed anything.
//!
//! Promises: only a regular file is read, and no more of it than the caller has
//! room for. Never: waiting for the other end of a fifo, or opening a device.

use crate::error::{Error, Result};
use rustix::fs::OFlags;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Bytes of a Cargo.toml, Cargo.lock, flake.lock or the like.
pub const SMALL: u64 = 16 << 20;
/// Bytes of any other file of the input set that is read as a whole.
pub const LARGE: u64 = 64 << 20;

/// What is there is not a file that we read; said as a fragment after its path.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unfit(String);

fn unfit(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, Unfit(what))
}

/// Opens a regular file, to be read in pieces.
///
/// # Errors
/// The system's, and that it is another kind of file.
pub fn open(path: &Path) -> io::Result<File> {
    opened(path).map(|(file, _)| file)
}

/// The same, and how large it is now.
fn opened(path: &Path) -> io::Result<(File, u64)> {
    // Before it is opened, too: for some devices that alone does something.
    regular(&std::fs::metadata(path)?)?;
    let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).expect("open's flags are an int");
    let file = File::options().read(true).custom_flags(nonblock).open(path)?;
    let metadata = file.metadata()?;
    regular(&metadata)?;
    Ok((file, metadata.len()))
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    let what = match kind {
        _ if kind.is_file() => return Ok(()),
        _ if kind.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        _ if kind.is_fifo() => "a fifo",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    };
    Err(unfit(format!("is {what}, not a file")))
}

/// The bytes of a regular file, at most `most`.
///
/// # Errors
/// As [`open`], and that it is larger.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, length) = opened(path)?;
    // It may grow meanwhile: what counts is what was read.
    let mut bytes = Vec::with_capacity(length.min(most) as usize + 1);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(unfit(format!("is larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// The bytes of a regular file, at most `most`; `None` if nothing is there that
/// could be read.
///
/// # Errors
/// [`Error::Project`] with the path, if it is no regular file or larger.
pub fn read_if_any(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    match read(path, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_unfit(&error) => Err(Error::Project {
            message: format!("{} {error}\n  put an ordinary file in its place", path.display()),
        }),
        Err(_) => Ok(None),
    }
}

/// Whether this is about the file, not of the system.
pub fn is_unfit(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Unfit>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_read_and_only_so_much_of_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        std::fs::write(&file, b"12345").expect("written");
        assert_eq!(read(&file, 5).expect("read"), b"12345");
        assert!(is_unfit(&read(&file, 4).expect_err("too large")));
        assert!(is_unfit(&read(Path::new("/dev/zero"), 4).expect_err("a device")));
        assert_eq!(read_if_any(directory.path(), 4).expect("nothing to read"), None);
        assert_eq!(
            read_if_any(&directory.path().join("none"), 4).expect("nothing"),
            None
        );
    }
}
