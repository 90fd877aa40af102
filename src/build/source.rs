//! A package's source as a store path.
//!
//! The tree is added to the store by content, once; after that a hash over the
//! stats of its files (as git does for its index) says that it is still the
//! same. An edit below `~/.cargo/registry/src`, which cargo itself would not
//! notice, gives another store path and so another key.

use super::fetched::{MARKED, MARKER};
use super::index::{self, Index};
use super::origin::Origin;
use super::paths::plain;
use super::workshop::Unserved;
use super::{Local, plan, runs};
use cargo_nix_protocol::{Import, StoreInput};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A source of more files is looked at once in a run of cargo.
const MANY: usize = 200;
/// What a [`Known`] is sealed as.
const KIND: &str = "source";
/// What cargo and git keep in a tree for themselves.
const NOT_SOURCE: [&str; 2] = [MARKER, ".git"];

#[derive(Serialize, Deserialize)]
struct Known {
    stats: String,
    path: String,
    root: PathBuf,
    name: String,
}

/// The source of `origin`, added to the store by `import` if it is not known.
///
/// # Errors
/// The tree cannot be read or added; the unit is local then.
pub fn of(
    origin: &Origin,
    store_dir: &Path,
    index: &Index,
    import: impl FnOnce(Import) -> Result<String, Unserved>,
) -> Result<plan::Source, Unserved> {
    let source = |path: String| plan::Source {
        root: origin.root.clone(),
        input: StoreInput {
            path,
            derivation: None,
        },
    };
    if let Some(path) = in_store(&origin.root, store_dir) {
        return Ok(source(path));
    }
    let id = &id_of(&origin.root)[..32];
    let note = runs::note(index, id);
    if let Some(path) = runs::read(note.as_deref()).and_then(|path| String::from_utf8(path).ok())
        && Path::new(&path).exists()
    {
        return Ok(source(path));
    }
    let record = records(index).join(id);
    let tree = Tree::walk(&origin.root).map_err(|error| unreadable(&origin.root, &error))?;
    if let Some(link) = &tree.leads_out {
        return Err(Local::because(format!(
            "its source has a link that leads out of it, {}",
            link.display()
        ))
        .into());
    }
    if let Some(known) = index::read::<Known>(&record, KIND)
        && known.stats == tree.stats
        && Path::new(&known.path).exists()
    {
        // A package has a few units, and some have thousands of files.
        if tree.count > MANY {
            runs::write(note.as_deref(), known.path.as_bytes());
        }
        return Ok(source(known.path));
    }
    let path = add(&origin.root, &origin.name, &tree, import)?;
    // Without a record the tree is added again next time.
    let _ = index::write(
        &record,
        KIND,
        &Known {
            stats: tree.stats,
            path: path.clone(),
            root: origin.root.clone(),
            name: origin.name.clone(),
        },
    );
    Ok(source(path))
}

/// Adds the tree at `root` to the store as `name`.
///
/// # Errors
/// As [`of`].
pub fn import(
    root: &Path,
    name: &str,
    import: &dyn Fn(Import) -> Result<String, Unserved>,
) -> Result<String, Unserved> {
    let tree = Tree::walk(root).map_err(|error| unreadable(root, &error))?;
    add(root, name, &tree, import)
}

fn add(
    root: &Path,
    name: &str,
    tree: &Tree,
    import: impl FnOnce(Import) -> Result<String, Unserved>,
) -> Result<String, Unserved> {
    let path = import(Import {
        id: id_of(root),
        name: name.to_owned(),
        root: root.to_owned(),
        files: tree
            .files()
            .ok_or_else(|| Local::because("a file of its source has a name that is not UTF-8"))?,
    })?;
    let now = Tree::walk(root).map_err(|error| unreadable(root, &error))?;
    match now.stats == tree.stats {
        true => Ok(path),
        false => Err(Local::because("its source is being written").into()),
    }
}

/// Where the tree lies that was added to the store as `path`, and its name there.
pub fn known_root(path: &str, index: &Index) -> Option<(PathBuf, String)> {
    let records = std::fs::read_dir(records(index)).ok()?.flatten();
    let known = records.filter_map(|entry| index::read::<Known>(&entry.path(), KIND));
    known
        .into_iter()
        .find(|known| known.path == path)
        .map(|known| (known.root, known.name))
}

fn records(index: &Index) -> PathBuf {
    index.dir().join("sources")
}

fn id_of(root: &Path) -> String {
    blake3::hash(root.as_os_str().as_bytes()).to_hex().to_string()
}

fn unreadable(root: &Path, error: &std::io::Error) -> Local {
    Local::because(format!("{} cannot be read: {error}", root.display()))
}

/// The store path that the tree is, if it is one or a link to one.
fn in_store(root: &Path, store_dir: &Path) -> Option<String> {
    let root = root.canonicalize().ok()?;
    let is_store_path = root.parent()? == store_dir;
    is_store_path.then(|| root.to_str().map(str::to_owned))?
}

/// A directory as it is now.
struct Tree {
    /// Hash over names and stats.
    stats: String,
    /// How many files and directories there are.
    count: usize,
    /// What is to be added: as few directories as hold nothing else.
    cover: Vec<PathBuf>,
    /// A link to what is not in it: in the store it would lead elsewhere.
    leads_out: Option<PathBuf>,
}

impl Tree {
    fn walk(root: &Path) -> std::io::Result<Tree> {
        let mut walk = Walk {
            root,
            hasher: blake3::Hasher::new(),
            count: 0,
            leads_out: None,
        };
        let mut cover = Vec::new();
        if !walk.below(Path::new(""), &mut cover)? {
            cover = vec![PathBuf::from("")];
        }
        if cover == [Path::new("")] {
            cover = std::fs::read_dir(root)?
                .map(|entry| Ok(entry?.file_name().into()))
                .collect::<std::io::Result<_>>()?;
        }
        cover.sort();
        Ok(Tree {
            stats: walk.hasher.finalize().to_hex().to_string(),
            count: walk.count,
            cover,
            leads_out: walk.leads_out,
        })
    }

    fn files(&self) -> Option<Vec<String>> {
        self.cover
            .iter()
            .map(|path| path.to_str().map(str::to_owned))
            .collect()
    }
}

/// Whether it is cargo's marker at the top, as it is in every package of a
/// registry: what `cargo nix fetch` links to needs it, and is to be the same
/// store path.
fn is_marked(at: &Path, entry: &std::fs::DirEntry) -> bool {
    at == Path::new("")
        && entry.file_name() == MARKER
        && std::fs::read(entry.path()).is_ok_and(|text| text == MARKED)
}

struct Walk<'a> {
    root: &'a Path,
    hasher: blake3::Hasher,
    count: usize,
    leads_out: Option<PathBuf>,
}

impl Walk<'_> {
    /// Whether something below `at` was left out; if so, `cover` has what was not.
    fn below(&mut self, at: &Path, cover: &mut Vec<PathBuf>) -> std::io::Result<bool> {
        let mut entries = std::fs::read_dir(self.root.join(at))?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        self.count += entries.len();
        let (mut whole, mut parts, mut lacks) = (Vec::new(), Vec::new(), false);
        for entry in entries {
            let name = entry.file_name();
            if NOT_SOURCE.iter().any(|not| OsStr::new(not) == name) && !is_marked(at, &entry) {
                lacks = true;
                continue;
            }
            let path = at.join(&name);
            let metadata = entry.metadata()?;
            self.note(&path, &metadata);
            if metadata.is_symlink() && self.leads_out.is_none() && self.is_out(&path) {
                self.leads_out = Some(path.clone());
            }
            if metadata.is_dir() && self.below(&path, &mut parts)? {
                lacks = true;
            } else {
                whole.push(path);
            }
        }
        if lacks {
            cover.append(&mut whole);
            cover.append(&mut parts);
        }
        Ok(lacks)
    }

    fn note(&mut self, path: &Path, metadata: &Metadata) {
        let mut add = |number: i64| {
            self.hasher.update(&number.to_le_bytes());
        };
        add(i64::from(metadata.mode()));
        if !metadata.is_dir() {
            // A directory's own times change with files that do not count.
            let times = [
                metadata.mtime(),
                metadata.mtime_nsec(),
                metadata.ctime(),
                metadata.ctime_nsec(),
            ];
            times.into_iter().for_each(&mut add);
            add(i64::from_ne_bytes(metadata.len().to_ne_bytes()));
            add(i64::from_ne_bytes(metadata.ino().to_ne_bytes()));
        }
        self.hasher.update(path.as_os_str().as_bytes()).update(b"\0");
    }

    /// Whether the link leads to something outside, there or not.
    fn is_out(&self, link: &Path) -> bool {
        let link = self.root.join(link);
        let Ok(target) = link.read_link() else { return true };
        let Ok(root) = self.root.canonicalize() else {
            return true;
        };
        let above = link.parent().and_then(|above| above.canonicalize().ok());
        let target = above.unwrap_or_default().join(target);
        // What is not there has no other name than the one that is written.
        let target = target.canonicalize().unwrap_or_else(|_| plain(&target));
        !target.starts_with(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "Cargo.toml",
            ".cargo-ok",
            "src/lib.rs",
            "sub/module/.git",
            "sub/module/a.c",
            "sub/b.c",
        ] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        dir
    }

    #[test]
    fn what_is_not_source_is_left_out_at_every_depth() {
        let dir = tree();
        let files = Tree::walk(dir.path()).unwrap().files().unwrap();
        assert_eq!(files, ["Cargo.toml", "src", "sub/b.c", "sub/module/a.c"]);
    }

    #[test]
    fn an_edit_is_seen_and_a_marker_is_not() {
        let dir = tree();
        let before = Tree::walk(dir.path()).unwrap().stats;
        std::fs::write(dir.path().join(".cargo-ok"), "ok").unwrap();
        assert_eq!(Tree::walk(dir.path()).unwrap().stats, before);
        std::fs::write(dir.path().join("sub/.cargo-ok"), MARKED).unwrap();
        assert_eq!(Tree::walk(dir.path()).unwrap().stats, before);
        std::fs::write(dir.path().join(".cargo-ok"), MARKED).unwrap();
        assert_ne!(Tree::walk(dir.path()).unwrap().stats, before);
        std::fs::write(dir.path().join("src/lib.rs"), "src/lib.rS").unwrap();
        assert_ne!(Tree::walk(dir.path()).unwrap().stats, before);
    }
}
