//! GC roots: links to store paths that the collector respects.
//!
//! A root is a symlink of ours plus an entry in the store's state directory that
//! points at it (Nix calls that indirect), so that removing our link drops the
//! root. They are made while this process still holds libnix's temporary roots,
//! so no collection comes in between.

use crate::daemon::Daemon;
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Links `directory/<name>` to each store path and registers the links; returns
/// a warning if the collector cannot be told. `daemon` is the socket of the
/// store's daemon, if it has one. Links `input-N` of an earlier
/// evaluation that are not wanted now are removed.
///
/// # Errors
/// `directory` cannot be written.
pub fn make(
    directory: &Path,
    wanted: &[(String, String)],
    daemon: Option<&Path>,
) -> io::Result<Option<String>> {
    std::fs::create_dir_all(directory)?;
    make_in(directory, wanted, daemon)
}

/// The same, in a directory that is there.
///
/// # Errors
/// `directory` is not there, or cannot be written.
pub fn make_in(
    directory: &Path,
    wanted: &[(String, String)],
    daemon: Option<&Path>,
) -> io::Result<Option<String>> {
    let directory = directory.canonicalize()?;
    let mut warning = None;
    for (name, target) in wanted {
        let link = directory.join(name);
        replace_link(Path::new(target), &link)?;
        if warning.is_none() && !register(&link, target, daemon) {
            warning = Some(format!(
                "{} could not be registered as a GC root (neither the daemon nor {} nor a `nix-store` on PATH could be used); \
                 a garbage collection may remove this environment",
                link.display(),
                state_directory().join("gcroots").display()
            ));
        }
    }
    drop_stale(&directory, wanted)?;
    Ok(warning)
}

/// Inputs of an earlier evaluation under the same key.
fn drop_stale(directory: &Path, wanted: &[(String, String)]) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with("input-"));
        if ours && !wanted.iter().any(|(wanted, _)| name == wanted.as_str()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes `link` point at `target`, in one step for whoever looks.
fn replace_link(target: &Path, link: &Path) -> io::Result<()> {
    if std::fs::read_link(link).is_ok_and(|present| present == target) {
        return Ok(());
    }
    let name = link.file_name().unwrap_or_default().to_string_lossy();
    let beside = link.with_file_name(format!(".{name}.{}", std::process::id()));
    let _ = std::fs::remove_file(&beside);
    symlink(target, &beside)?;
    std::fs::rename(&beside, link).inspect_err(|_| {
        let _ = std::fs::remove_file(&beside);
    })
}

/// Tells the collector of `link`, in the first way that works.
fn register(link: &Path, target: &str, daemon: Option<&Path>) -> bool {
    // Its store need not be the one whose state is in our own state directory.
    let told = |socket| Daemon::greet(socket).and_then(|mut daemon| daemon.add_root(link));
    if daemon.is_some_and(|socket| told(socket).is_ok()) {
        return true;
    }
    let user = std::env::var_os("USER").filter(|user| !user.is_empty());
    if register_in(&state_directory().join("gcroots"), user.as_deref(), link) {
        return true;
    }
    // A daemon that speaks another version: its own client knows how.
    let status = Command::new("nix-store")
        .arg("--add-root")
        .arg(link)
        .arg("--realise")
        .arg(target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Writes an indirect root into the directory of everybody's, or the user's own.
fn register_in(roots: &Path, user: Option<&OsStr>, link: &Path) -> bool {
    let name = blake3::hash(link.as_os_str().as_encoded_bytes()).to_hex();
    let own = user.map(|user| roots.join("per-user").join(user).join("cargo-nix"));
    std::iter::once(roots.join("auto")).chain(own).any(|place| {
        let parent = place.parent().is_some_and(Path::is_dir);
        let there = place.is_dir() || (parent && std::fs::create_dir(&place).is_ok());
        there && replace_link(link, &place.join(&name[..32])).is_ok()
    })
}

/// Where libnix keeps the store's state.
pub(crate) fn state_directory() -> PathBuf {
    std::env::var_os("NIX_STATE_DIR")
        .filter(|dir| !dir.is_empty())
        .map_or_else(|| "/nix/var/nix".into(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the roots below `place`.
    fn count(place: &Path) -> usize {
        std::fs::read_dir(place).map_or(0, Iterator::count)
    }

    #[test]
    fn everybodys_roots_come_first_and_the_users_own_next() {
        let dir = tempfile::tempdir().expect("a directory");
        let roots = dir.path().join("gcroots");
        let (link, user) = (dir.path().join("env"), Some(OsStr::new("me")));
        assert!(!register_in(&roots, user, &link), "there is no state directory");

        std::fs::create_dir_all(roots.join("per-user/me")).expect("the user's");
        // What cannot be a directory cannot be written either, for root too.
        std::fs::write(roots.join("auto"), "").expect("a file in its place");
        assert!(register_in(&roots, user, &link));
        assert!(!register_in(&roots, None, &link));
        assert_eq!(count(&roots.join("per-user/me/cargo-nix")), 1);

        std::fs::remove_file(roots.join("auto")).expect("the file goes");
        assert!(register_in(&roots, user, &link) && register_in(&roots, user, &link));
        assert_eq!(count(&roots.join("auto")), 1);
    }
}
