//! cargo-nix's own Nix expressions (`nix/` in the repository): they are in the
//! program, and are written out for the evaluator, which reads them as a tree
//! of known NAR hash.
//!
//! Promise: the directory that is handed out holds the program's own bytes,
//! whatever was there before. Never: read on the hot path, which wants the
//! digest alone; the build has computed it.

use crate::error::{Error, Result};
use crate::inputs::snapshot::replace;
use crate::sealed::TEMPORARY_PREFIX;
use cargo_nix_protocol::Tree;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Relative path and contents of each file, by path.
static FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// blake3 over [`FILES`]: of each the name and the contents, each after its
/// length (u64, little-endian).
static DIGEST: &[u8; blake3::OUT_LEN] = include_bytes!(concat!(env!("OUT_DIR"), "/library.digest"));

/// The digest of the library: part of every key, as an update of cargo-nix may
/// evaluate the same project to something else.
pub fn digest() -> blake3::Hash {
    blake3::Hash::from_bytes(*DIGEST)
}

/// The library as a directory, `<cache_dir>/library/<digest>`, written if it is
/// not there, or not as it should be.
///
/// # Errors
/// [`Error::Io`] if the cache cannot be written.
pub fn tree(cache_dir: &Path) -> Result<Tree> {
    let path = cache_dir.join("library").join(digest().to_hex().as_str());
    if !is_whole(&path) {
        write(&path)?;
    }
    let nar_hash = crate::nar::hash(&path)?;
    Ok(Tree { path, nar_hash })
}

/// Whether `path` holds our files and nothing else.
fn is_whole(path: &Path) -> bool {
    let same = |(name, contents): &(&str, &[u8])| {
        std::fs::read(path.join(name)).is_ok_and(|found| found == *contents)
    };
    FILES.iter().all(same) && count(path).is_ok_and(|found| found == FILES.len())
}

fn count(directory: &Path) -> std::io::Result<usize> {
    let mut files = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        files += if entry.file_type()?.is_dir() {
            count(&entry.path())?
        } else {
            1
        };
    }
    Ok(files)
}

fn write(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    crate::sealed::make_directory(parent).map_err(Error::io("creating", parent))?;
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(parent)
        .map_err(Error::io("writing a directory in", parent))?;
    for (name, contents) in FILES {
        let file = temporary.path().join(name);
        let above = file.parent().unwrap_or(&file);
        std::fs::create_dir_all(above).map_err(Error::io("creating", above))?;
        std::fs::write(&file, contents).map_err(Error::io("writing", &file))?;
    }
    replace(temporary, path, is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_files() {
        let mut hasher = blake3::Hasher::new();
        for (name, contents) in FILES {
            for part in [name.as_bytes(), contents] {
                hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
            }
        }
        assert_eq!(digest(), hasher.finalize());
    }

    #[test]
    fn the_library_is_written_and_mended() {
        let cache = tempfile::tempdir().unwrap();
        let tree_of = || tree(cache.path()).unwrap();
        let first = tree_of();
        assert!(first.path.join("entry.nix").is_file());
        assert_eq!(tree_of(), first);
        std::fs::write(first.path.join("entry.nix"), "throw \"noise\"").unwrap();
        assert_eq!(tree_of(), first);
        std::fs::write(first.path.join("more.nix"), "1").unwrap();
        assert_eq!(tree_of(), first);
        assert!(!first.path.join("more.nix").exists());
        std::fs::remove_dir_all(&first.path).unwrap();
        assert_eq!(tree_of(), first);
    }
}
