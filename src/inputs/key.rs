//! The digest of an input set: equal for two projects iff their snapshots and
//! the places of their layers in them are equal.
//!
//! Pure. In it: each file's relative path, contents and exec bit, each link's
//! path and target, empty directories, the metadata tables, the layout. Not in
//! it: anything absolute, and what only the disk knows (inode, times, owner).

use super::Layout;
use super::manifest::{Record, Seen};
use super::stat::Kind;
use std::path::{Path, PathBuf};

/// A part of the input set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node<'a> {
    /// A directory with nothing in it.
    Empty,
    File {
        executable: bool,
        hash: &'a [u8; 32],
    },
    Link {
        target: &'a str,
    },
}

/// The parts of the input set, by path. A directory is implied by what it holds.
pub(super) fn nodes(records: &[(PathBuf, Record)]) -> impl Iterator<Item = (&Path, Node<'_>)> {
    let members: Vec<&(PathBuf, Record)> = records.iter().filter(|(_, record)| record.member).collect();
    (0..members.len()).filter_map(move |at| {
        let (path, record) = members[at];
        let holds_next = || {
            members
                .get(at + 1)
                .is_some_and(|(next, _)| next.starts_with(path))
        };
        let node = match &record.seen {
            Seen::File(hash) => {
                let executable = matches!(record.stat?.kind(), Kind::File { executable: true });
                Node::File { executable, hash }
            }
            Seen::Link(target) => Node::Link { target },
            Seen::Listing { .. } if path.as_os_str().is_empty() || holds_next() => return None,
            Seen::Listing { .. } => Node::Empty,
            Seen::Absent | Seen::Kind | Seen::Unreadable => return None,
        };
        Some((path.as_path(), node))
    })
}

/// The digest.
pub(super) fn digest(layout: &Layout, metadata: &str, records: &[(PathBuf, Record)]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut field = |tag: u8, bytes: &[u8]| {
        hasher
            .update(&[tag])
            .update(&(bytes.len() as u64).to_le_bytes())
            .update(bytes);
    };
    field(b'v', b"cargo-nix inputs 1");
    for layer in &layout.layers {
        field(b'l', layer.as_bytes());
    }
    for (tag, place) in [(b'p', &layout.pins), (b'r', &layout.rust_toolchain)] {
        if let Some(place) = place {
            field(tag, place.as_bytes());
        }
    }
    field(b'm', metadata.as_bytes());
    for (path, node) in nodes(records) {
        field(b'n', path.as_os_str().as_encoded_bytes());
        match node {
            Node::Empty => field(b'd', b""),
            Node::File { executable, hash } => field(if executable { b'x' } else { b'f' }, hash),
            Node::Link { target } => field(b's', target.as_bytes()),
        }
    }
    *hasher.finalize().as_bytes()
}
