//! What cargo downloaded and unpacked, compared with what it should be.
//!
//! Promises: a directory that differs in a single byte from the archive that
//! Cargo.lock names is never replaced; a replacement is one rename, so that
//! a build that runs meanwhile finds the one or the other, which are the same.

use crate::cargo_lock::Package;
use crate::error::{Error, Result};
use crate::sealed::TEMPORARY_PREFIX;
use flate2::read::GzDecoder;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use tar::EntryType;
use tempfile::TempDir;

/// What cargo writes when it has unpacked a package wholly.
pub const MARKER: &str = ".cargo-ok";
/// The text of [`MARKER`] by which it knows that later.
pub const MARKED: &[u8] = b"{\"v\":1}";

/// cargo's downloads.
pub struct Sources {
    home: PathBuf,
    /// Names of the registries that it has downloads of.
    registries: Vec<String>,
}

/// A package as it was published, verified.
pub struct Archive {
    /// The `.crate` file.
    pub file: PathBuf,
    /// `serde-1.0.203`.
    pub name: String,
    /// Where cargo unpacks it.
    pub directory: PathBuf,
}

/// What is where cargo unpacks a package.
pub enum Unpacked {
    /// A link to this store path.
    Link(String),
    /// What the archive holds.
    AsIs,
    /// Something else, seen by this file.
    Edited(PathBuf),
    /// Nothing.
    Absent,
}

impl Sources {
    /// Those of this `CARGO_HOME`.
    pub fn of(home: &Path) -> Sources {
        let entries = std::fs::read_dir(home.join("registry/cache"))
            .into_iter()
            .flatten()
            .flatten();
        let mut registries: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        registries.sort();
        Sources {
            home: home.to_owned(),
            registries,
        }
    }

    /// The package's archive, if cargo has downloaded it.
    ///
    /// # Errors
    /// It is not what Cargo.lock says.
    pub fn archive(&self, package: &Package, checksum: &str) -> Result<Option<Archive>> {
        let name = format!("{}-{}", package.name, package.version);
        if !is_plain(&name) {
            return Err(Error::Project {
                message: format!("Cargo.lock names a package {name:?}"),
            });
        }
        let mut other = None;
        // Two registries may have packages of one name and version; the sum
        // tells which is meant.
        for registry in &self.registries {
            let file = self
                .home
                .join("registry/cache")
                .join(registry)
                .join(format!("{name}.crate"));
            let Ok(bytes) = std::fs::read(&file) else { continue };
            let found = hex(&Sha256::digest(&bytes));
            if found == checksum {
                let directory = self.home.join("registry/src").join(registry).join(&name);
                return Ok(Some(Archive {
                    file,
                    name,
                    directory,
                }));
            }
            other = Some((file, found));
        }
        match other {
            None => Ok(None),
            Some((file, found)) => Err(Error::Project {
                message: format!(
                    "{name} is not what Cargo.lock says: {} has the checksum\n    {found}, and Cargo.lock has\n    {checksum}\n  \
                     remove the file if it is damaged, and have cargo fetch it again",
                    file.display()
                ),
            }),
        }
    }

    /// The checkout of a git package, if cargo has made it.
    pub fn checkout(&self, package: &Package) -> Option<PathBuf> {
        let (url, revision) = package.source.as_deref()?.strip_prefix("git+")?.split_once('#')?;
        let path = url.split('?').next()?.trim_end_matches('/');
        let repository = path.rsplit('/').next()?.trim_end_matches(".git");
        let below = |dir: &Path| {
            std::fs::read_dir(dir)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
        };
        let begins = |dir: &PathBuf, with: &str| {
            dir.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(with))
        };
        let is_of_revision = |dir: &PathBuf| {
            let short = dir.file_name().unwrap_or_default().to_string_lossy();
            short.len() >= 7 && revision.starts_with(short.as_ref()) && dir.join(MARKER).exists()
        };
        below(&self.home.join("git/checkouts"))
            .filter(|dir| begins(dir, &format!("{repository}-")))
            .flat_map(|dir| below(&dir).collect::<Vec<_>>())
            .find(is_of_revision)
    }
}

/// One component of a path, and nothing that leads elsewhere.
fn is_plain(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!(
        (components.next(), components.next()),
        (Some(Component::Normal(_)), None)
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Looks at what cargo unpacked.
///
/// # Errors
/// Something cannot be read.
pub fn unpacked(archive: &Archive, store_dir: &Path) -> Result<Unpacked> {
    let directory = &archive.directory;
    match std::fs::read_link(directory) {
        Ok(target) if !target.starts_with(store_dir) => return Ok(Unpacked::Edited(directory.clone())),
        // A store path that is gone: cargo could not unpack over the link.
        Ok(target) if !target.join(MARKER).exists() => return Ok(Unpacked::Absent),
        Ok(target) => return Ok(Unpacked::Link(target.to_string_lossy().into_owned())),
        Err(_) => {}
    }
    let marker = directory.join(MARKER);
    if !marker.exists() {
        // Half unpacked; cargo would begin anew.
        return Ok(if directory.exists() {
            Unpacked::Edited(marker)
        } else {
            Unpacked::Absent
        });
    }
    let reading = Error::io("reading", &archive.file);
    Ok(match difference(archive).map_err(reading)? {
        Some(file) => Unpacked::Edited(file),
        None => Unpacked::AsIs,
    })
}

fn entries(archive: &Archive) -> std::io::Result<tar::Archive<GzDecoder<File>>> {
    Ok(tar::Archive::new(GzDecoder::new(File::open(&archive.file)?)))
}

/// The first file that is not as the archive has it.
fn difference(archive: &Archive) -> std::io::Result<Option<PathBuf>> {
    let parent = archive.directory.parent().unwrap_or(Path::new("/"));
    let mut known = BTreeSet::from([archive.directory.join(MARKER)]);
    for entry in entries(archive)?.entries()? {
        let mut entry = entry?;
        let path = parent.join(entry.path()?);
        if path.file_name().is_some_and(|name| name == MARKER) {
            continue;
        }
        let kind = entry.header().entry_type();
        let is_same = match kind {
            EntryType::Directory => path.is_dir(),
            EntryType::Regular | EntryType::Continuous => {
                let mut wanted = Vec::new();
                entry.read_to_end(&mut wanted)?;
                let is_file = std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
                is_file && std::fs::read(&path).is_ok_and(|found| found == wanted)
            }
            EntryType::Symlink => std::fs::read_link(&path).ok() == entry.link_name()?.map(PathBuf::from),
            _ => true,
        };
        if !is_same {
            return Ok(Some(path));
        }
        known.insert(path);
    }
    stranger(&archive.directory, &known)
}

/// A file below `dir` that is not known.
fn stranger(dir: &Path, known: &BTreeSet<PathBuf>) -> std::io::Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let found = if entry.file_type()?.is_dir() {
            stranger(&entry.path(), known)?
        } else {
            (!known.contains(&entry.path())).then(|| entry.path())
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

impl Archive {
    /// Unpacks it below a directory of its own in `scratch`, as cargo would.
    ///
    /// # Errors
    /// The archive cannot be read, or the directory not written.
    pub fn unpack(&self, scratch: &Path) -> Result<TempDir> {
        std::fs::create_dir_all(scratch).map_err(Error::io("creating", scratch))?;
        let dir = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempdir_in(scratch);
        let dir = dir.map_err(Error::io("creating a directory in", scratch))?;
        let unpack = || -> std::io::Result<()> {
            for entry in entries(self)?.entries()? {
                let mut entry = entry?;
                let path = entry.path()?.into_owned();
                if !path.starts_with(&self.name) {
                    return Err(std::io::Error::other(format!(
                        "{} is outside of the package",
                        path.display()
                    )));
                }
                if path.file_name().is_none_or(|name| name != MARKER) {
                    entry.unpack_in(dir.path())?;
                }
            }
            std::fs::write(dir.path().join(&self.name).join(MARKER), MARKED)
        };
        unpack().map_err(Error::io("unpacking", &self.file))?;
        Ok(dir)
    }

    /// Puts a link to `path` where cargo unpacks it.
    ///
    /// # Errors
    /// `CARGO_HOME` cannot be written.
    pub fn replace(&self, path: &str) -> Result<()> {
        let directory = &self.directory;
        let parent = directory.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(parent).map_err(Error::io("creating", parent))?;
        let scratch = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempdir_in(parent);
        let scratch = scratch.map_err(Error::io("creating a directory in", parent))?;
        let beside = scratch.path().join(&self.name);
        symlink(path, &beside).map_err(Error::io("linking", &beside))?;
        let linking = Error::io("linking", directory);
        if std::fs::symlink_metadata(directory).is_ok_and(|metadata| metadata.is_dir()) {
            // What was there goes with the scratch directory.
            match renameat_with(CWD, &beside, CWD, directory, RenameFlags::EXCHANGE) {
                Ok(()) => Ok(()),
                Err(_) => aside(directory, &beside, scratch.path()).map_err(linking),
            }
        } else {
            std::fs::rename(&beside, directory).map_err(linking)
        }
    }
}

/// Two renames, on a file system that cannot exchange: for a moment there is
/// nothing, which cargo would unpack again.
fn aside(directory: &Path, link: &Path, scratch: &Path) -> std::io::Result<()> {
    let old = scratch.join("old");
    std::fs::rename(directory, &old)?;
    std::fs::rename(link, directory).inspect_err(|_| {
        let _ = std::fs::rename(&old, directory);
    })
}

/// Links into the store that lead nowhere, which cargo cannot unpack over.
pub fn dangling(home: &Path, store_dir: &Path) -> Vec<PathBuf> {
    let below = |dir: PathBuf| {
        std::fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    below(home.join("registry/src"))
        .flat_map(below)
        .filter(|path| {
            std::fs::read_link(path).is_ok_and(|target| target.starts_with(store_dir) && !target.exists())
        })
        .collect()
}
