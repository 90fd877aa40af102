//! What one `lstat` says of a file, and when that is too fresh to be trusted.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970.
pub(super) type Nanoseconds = i128;

/// Two writes that are no further apart may carry the same times: the kernel's
/// clock for files ticks every few milliseconds, some file systems round to
/// two seconds.
const GRANULARITY: Nanoseconds = 2_000_000_000;

/// All that changes when a file is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stat {
    mode: u32,
    size: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The kinds that a Nix expression can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File { executable: bool },
    Directory,
    Link,
    Special,
}

impl Stat {
    pub(super) fn of(metadata: &Metadata) -> Stat {
        Stat {
            mode: metadata.mode(),
            size: metadata.size(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.mode & 0o170_000 {
            0o100_000 => Kind::File {
                executable: self.mode & 0o100 != 0,
            },
            0o040_000 => Kind::Directory,
            0o120_000 => Kind::Link,
            _ => Kind::Special,
        }
    }

    /// Whether a write after the moment `read` (when what belongs to this stat
    /// was about to be read) could have left the times as they are.
    pub(super) fn is_young(&self, read: Nanoseconds) -> bool {
        let nanoseconds = |(seconds, rest): (i64, i64)| {
            Nanoseconds::from(seconds) * 1_000_000_000 + Nanoseconds::from(rest)
        };
        nanoseconds(self.modified).max(nanoseconds(self.changed)) >= read - GRANULARITY
    }

    /// Bytes of a file.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Seconds and nanoseconds since 1970.
    pub(super) fn modified(&self) -> (i64, i64) {
        self.modified
    }
}

/// `lstat`; `Ok(None)` if there is nothing of that name.
pub(super) fn look(path: &Path) -> std::io::Result<Option<Stat>> {
    use std::io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(Stat::of(&metadata))),
        Err(error)
            if matches!(
                error.kind(),
                NotFound | NotADirectory | InvalidFilename | InvalidInput
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The time now.
pub(super) fn now() -> Nanoseconds {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| Nanoseconds::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}
