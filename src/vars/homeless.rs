//! A cache for a process that has no home: a directory in /tmp.
//!
//! /tmp is shared with strangers, and what is in the cache is believed. So the
//! directory is made for its owner alone; one that is there already counts only
//! if it is a directory, no link, of this user's, and nobody else can write.

use crate::error::{Error, Result};
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;

const NOWHERE: Error =
    Error::NoHome("/tmp has no place that is ours alone, and neither XDG_CACHE_HOME nor HOME");

/// `/tmp/cargo-nix-<user id>`; the first time in a process it says so, if it is to.
pub(super) fn cache_dir(say: bool) -> Result<PathBuf> {
    static SAID: Once = Once::new();
    let user = rustix::process::geteuid().as_raw();
    let directory = PathBuf::from(format!("/tmp/cargo-nix-{user}"));
    made(&directory, user)?;
    if say {
        SAID.call_once(|| {
            crate::say!(
                "note: neither XDG_CACHE_HOME nor HOME is set: the cache is {}",
                directory.display()
            );
        });
    }
    Ok(directory)
}

fn made(directory: &Path, user: u32) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(NOWHERE),
        _ => {}
    }
    let ours = directory
        .symlink_metadata()
        .is_ok_and(|found| found.is_dir() && found.uid() == user && found.permissions().mode() & 0o077 == 0);
    if ours { Ok(()) } else { Err(NOWHERE) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_a_directory_of_ours_alone_counts() {
        let place = tempfile::tempdir().expect("a directory");
        let user = rustix::process::geteuid().as_raw();
        let directory = place.path().join("cache");
        made(&directory, user).expect("it is made");
        let mode = fs::metadata(&directory).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        made(&directory, user).expect("and found again");
        assert!(made(&directory, user + 1).is_err(), "somebody else's");
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&directory, &link).expect("a link");
        assert!(made(&link, user).is_err(), "a link");
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o770)).expect("chmod");
        assert!(made(&directory, user).is_err(), "open to others");
        assert!(made(&place.path().join("no/such"), user).is_err());
    }
}
