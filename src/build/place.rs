//! A unit's outputs where cargo wants them.
//!
//! Cargo takes a unit's age from the newest of its outputs, links followed, and
//! what is in the store is as old as can be. So the large file is a link and
//! the small one a copy: the `.rlib` is a link if there is an `.rmeta` beside
//! it; all else is copied, and so is new. Everything comes by rename, the
//! sidecar last.

use super::index::Record;
use super::script;
use super::sidecar::{Looks, Sidecar, path_of};
use crate::bounded;
use crate::error::{Error, Result};
use crate::sealed;
use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::SystemTime;

/// What is placed otherwise than it is in the store.
pub struct Here<'a> {
    /// A build script gets a shim that runs this program instead of its executable.
    pub shim: Option<&'a Path>,
    /// What the store's `.d` is here.
    pub dep_info: &'a (dyn Fn(String) -> String + Sync),
    /// When the files were written; now, if that is not given.
    pub stamp: Option<SystemTime>,
}

/// Places the unit in `out_dir`.
///
/// # Errors
/// The store's file cannot be read or the target directory not written.
pub fn unit(key: &str, record: &Record, out_dir: &Path, stem: &str, here: &Here) -> Result<()> {
    let lib = Path::new(&record.path).join("lib");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&lib).map_err(Error::io("reading", &lib))? {
        let entry = entry.map_err(Error::io("reading", &lib))?;
        // rustc names its outputs in ASCII.
        names.extend(entry.file_name().into_string());
    }
    names.sort_by_key(|name| (name.ends_with(".rmeta"), name.clone()));
    let has_metadata = names.iter().any(|name| name.ends_with(".rmeta"));
    let mut files = BTreeMap::new();
    for name in names {
        let (from, to) = (lib.join(&name), out_dir.join(&name));
        let looks = if name.ends_with(".d") {
            let text = bounded::read(&from, bounded::LARGE).map_err(Error::io("reading", &from))?;
            let text = (here.dep_info)(String::from_utf8_lossy(&text).into_owned());
            write(&to, 0o666, here.stamp, |file| file.write_all(text.as_bytes()))?;
            continue;
        } else if name.ends_with(".rlib") && has_metadata {
            link(&from, &to)?;
            None
        } else if let (Some(program), true) = (here.shim, name == stem) {
            Some(write(&to, 0o777, here.stamp, |file| {
                file.write_all(script::shim(program, &from).as_bytes())
            })?)
        } else {
            let mut store = File::open(&from).map_err(Error::io("reading", &from))?;
            let mode = store
                .metadata()
                .map_err(Error::io("reading", &from))?
                .permissions()
                .mode();
            let mode = if mode & 0o111 == 0 { 0o666 } else { 0o777 };
            Some(write(&to, mode, here.stamp, |file| {
                std::io::copy(&mut store, file).map(drop)
            })?)
        };
        files.insert(name, looks);
    }
    let (path, derivation) = (record.path.clone(), record.derivation.clone());
    Sidecar {
        key: key.to_owned(),
        path,
        derivation,
        files,
    }
    .write(out_dir, stem)
}

/// Removes what was placed for a unit that rustc is about to write itself: it
/// would not write through a link, nor into a file that is not writeable.
///
/// # Errors
/// A file cannot be removed.
pub fn clear(out_dir: &Path, stem: &str) -> Result<()> {
    let Some(sidecar) = Sidecar::read(out_dir, stem) else {
        return Ok(());
    };
    let remove = |path: &Path| match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("removing", path)(error)),
        _ => Ok(()),
    };
    remove(&path_of(out_dir, stem))?;
    sidecar
        .files
        .keys()
        .try_for_each(|name| remove(&out_dir.join(name)))
}

/// A new file beside `path`, renamed to it; gives its looks.
fn write(
    path: &Path,
    mode: u32,
    stamp: Option<SystemTime>,
    fill: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<Looks> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(sealed::TEMPORARY_PREFIX)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(dir)
        .map_err(Error::io("writing a file in", dir))?;
    fill(file.as_file_mut())
        .and_then(|()| stamp.map_or(Ok(()), |stamp| file.as_file().set_modified(stamp)))
        .map_err(Error::io("writing", path))?;
    let file = file
        .persist(path)
        .map_err(|error| Error::io("writing", path)(error.error))?;
    Ok(Looks::of(&file.metadata().map_err(Error::io("reading", path))?))
}

/// A link beside `path`, renamed to it.
fn link(target: &Path, path: &Path) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(
        "{}{}-{name}",
        sealed::TEMPORARY_PREFIX,
        std::process::id()
    ));
    let _ = std::fs::remove_file(&beside);
    symlink(target, &beside).map_err(Error::io("linking", &beside))?;
    std::fs::rename(&beside, path).map_err(Error::io("linking", path))
}
