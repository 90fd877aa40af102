//! What says of an artifact in a target directory which store path it is: a
//! hidden file beside it, one for each unit, `.<stem>.unit`.
//!
//! A plain link to the store path would not do: it would still be there after
//! a compiler without us has overwritten the artifact. So the sidecar knows how
//! each copy looked, and what looks otherwise is no longer ours.

use super::index;
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Key of the unit.
    pub key: String,
    /// Its output in the store.
    pub path: String,
    /// Its derivation.
    pub derivation: String,
    /// The placed files, by name; what is copied with its looks.
    pub files: BTreeMap<String, Option<Looks>>,
}

/// What tells a copy of ours from another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    size: u64,
    /// Nanoseconds since the epoch.
    modified: i128,
}

impl Looks {
    /// Those of a file that was just placed.
    pub fn of(metadata: &Metadata) -> Looks {
        let modified = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Looks {
            size: metadata.len(),
            modified,
        }
    }
}

/// Where the sidecar of the unit with this stem is.
pub fn path_of(dir: &Path, stem: &str) -> PathBuf {
    dir.join(format!(".{stem}.unit"))
}

/// `serde-0123` of `libserde-0123.rmeta`.
fn stem_of(file_name: &str) -> &str {
    let stem = file_name.split('.').next().unwrap_or_default();
    if stem.len() == file_name.len() {
        stem
    } else {
        stem.strip_prefix("lib").unwrap_or(stem)
    }
}

impl Sidecar {
    /// The unit that `artifact` was placed from, if it is still what was placed.
    pub fn of(artifact: &Path) -> Option<Sidecar> {
        let name = artifact.file_name()?.to_str()?;
        let sidecar = Sidecar::read(artifact.parent()?, stem_of(name))?;
        sidecar.is_as_placed(artifact, name).then_some(sidecar)
    }

    /// The sidecar of a unit, whatever its artifacts look like now.
    pub fn read(dir: &Path, stem: &str) -> Option<Sidecar> {
        index::read(&path_of(dir, stem), "sidecar")
    }

    /// Writes it.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn write(&self, dir: &Path, stem: &str) -> Result<()> {
        index::write(&path_of(dir, stem), "sidecar", self)
    }

    /// Whether all that was placed with it is gone: `cargo clean -p` does not know of it.
    pub fn is_orphan(&self, dir: &Path, stem: &str) -> bool {
        let dep_info = format!("{stem}.d");
        let mut names = self.files.keys().chain([&dep_info]);
        names.all(|name| dir.join(name).symlink_metadata().is_err())
    }

    /// Whether all that was placed with it is still what was placed.
    pub fn is_whole(&self, dir: &Path) -> bool {
        self.files
            .keys()
            .all(|name| self.is_as_placed(&dir.join(name), name))
    }

    fn is_as_placed(&self, artifact: &Path, name: &str) -> bool {
        let original = Path::new(&self.path).join("lib").join(name);
        match self.files.get(name) {
            None => false,
            Some(None) => std::fs::read_link(artifact).is_ok_and(|target| target == original),
            Some(Some(placed)) => std::fs::symlink_metadata(artifact).is_ok_and(|metadata| {
                let looks = Looks::of(&metadata);
                metadata.is_file()
                    && looks.size == placed.size
                    && (looks.modified == placed.modified || same_end(artifact, &original))
            }),
        }
    }
}

/// Whether two files of one size end alike. Cargo itself sets the times of what
/// `cargo check` leaves. The end of an .rmeta is its root with the hash of the
/// crate, over its source, flags and dependencies, by which rustc itself tells
/// two builds of a crate apart.
fn same_end(one: &Path, other: &Path) -> bool {
    const LENGTH: u64 = 64 * 1024;
    let end = |path: &Path| -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LENGTH)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    one.extension().is_some_and(|kind| kind == "rmeta")
        && matches!((end(one), end(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        for (name, stem) in [
            ("libserde-01.rmeta", "serde-01"),
            ("liblibc-02.rlib", "libc-02"),
            ("libderive-03.so", "derive-03"),
            ("build_script_build-04", "build_script_build-04"),
            ("serde-01.d", "serde-01"),
        ] {
            assert_eq!(stem_of(name), stem);
        }
    }

    /// A copy is ours after cargo touched it, and no longer after anybody wrote it.
    #[test]
    fn an_overwritten_artifact_is_not_ours() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store");
        std::fs::create_dir_all(store.join("lib")).unwrap();
        std::fs::write(store.join("lib/liba-1.rmeta"), "metadata").unwrap();
        let artifact = dir.path().join("liba-1.rmeta");
        std::fs::write(&artifact, "metadata").unwrap();
        let sidecar = Sidecar {
            key: "k".into(),
            path: store.to_str().unwrap().into(),
            derivation: "d".into(),
            files: [(
                "liba-1.rmeta".into(),
                Some(Looks::of(&artifact.metadata().unwrap())),
            )]
            .into(),
        };
        sidecar.write(dir.path(), "a-1").unwrap();
        assert_eq!(Sidecar::of(&artifact), Some(sidecar));

        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        File::options()
            .write(true)
            .open(&artifact)
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert!(Sidecar::of(&artifact).is_some(), "touched");
        std::fs::write(&artifact, "Metadata").unwrap();
        assert_eq!(Sidecar::of(&artifact), None, "overwritten");
    }
}
