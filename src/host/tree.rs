//! The host tree: the part of this machine that units over the host set see,
//! as one store path.
//!
//! A sandbox that showed the machine's own `/usr` would show whatever lies
//! there, and a unit that read a file that nobody declared would be served on
//! after that file has changed. So what units may read is told here, file by
//! file: what a C compiler, a shell and the usual programs consist of, and each
//! package of `data/host-packages.toml` that is there, all with what they
//! depend on. These files are added to the store by content; a unit's sandbox
//! has that tree in the place of `/usr`, and nothing else of the machine.
//!
//! Promises: [`Tree::id`] changes when a file of the tree appears, vanishes, is
//! replaced or is written in place (size, inode, times in ns), and when a
//! package's version does. What no package owns is not in the tree, `/usr/local`
//! included, unless the description names the very file.
//!
//! Never: reading the contents of these files; that is left to the import.

use super::dpkg::Database;
use super::sentinel::{Sentinel, stamp};
use super::{is_older, platform};
use crate::error::Result;
use crate::sealed;
use cargo_nix_protocol::Import;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

const KIND: &str = "tree";
/// What [`Tree::glance`] looks by: extension of the file, and its kind.
const GLANCE: &str = "glance";
/// Descriptions of trees that nobody has asked for meanwhile are dropped.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);

/// What every build may expect, by Debian's names.
const BASE: &[&str] = &[
    "bash",
    "binutils",
    "bzip2",
    "coreutils",
    "dash",
    "diffutils",
    "file",
    "findutils",
    "g++",
    "gawk",
    "gcc",
    "grep",
    "gzip",
    "libc6",
    "libc6-dev",
    "linux-libc-dev",
    "make",
    "mawk",
    "patch",
    "perl",
    "pkg-config",
    "pkgconf",
    "sed",
    "tar",
    "xz-utils",
];
/// Large, needed by something that is in the tree, and by no build: drivers that
/// a program loads when it draws.
const WITHOUT: &[&str] = &["libgl1-mesa-dri", "mesa-va-drivers", "mesa-vulkan-drivers"];
/// Below `/usr/share`: for people, not for builds.
const FOR_PEOPLE: &[&str] = &[
    "applications",
    "bash-completion",
    "bug",
    "doc",
    "doc-base",
    "fish",
    "info",
    "lintian",
    "locale",
    "man",
    "zsh",
];
/// Links to a place below `/usr`, where the distribution has merged them.
const LINKS: &[&str] = &["lib", "lib32", "lib64", "libx32"];

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Tree {
    /// Names this state of this machine's files; hex.
    pub id: String,
    /// What is mounted or linked from the tree into a sandbox: `/usr`, `/lib`, …
    pub mounts: Vec<String>,
    root: PathBuf,
    /// `name version`, a line each, sorted.
    packages: String,
    /// Relative to `root`, sorted; no directories.
    files: Vec<String>,
}

impl Tree {
    /// The tree of the system below `root` (`/`), with the packages of these
    /// (Debian) names and with these files, absolute as below `root`.
    ///
    /// None if the system is not described by dpkg, or has not merged `/usr`.
    pub fn find(root: &Path, packages: &[&str], files: &[&Path]) -> Option<Tree> {
        let root = root.canonicalize().ok()?;
        let database = Database::read(&root)?;
        let mut places = Places::new(&root);
        let mut mounts = vec!["/usr".to_owned()];
        let mut tree = BTreeSet::new();
        for link in LINKS {
            match std::fs::read_link(root.join(link)) {
                Ok(target) if target.starts_with("usr") => {
                    tree.insert(PathBuf::from(link));
                    mounts.push(format!("/{link}"));
                }
                _ if root.join(link).exists() => return None,
                _ => {}
            }
        }
        let described: BTreeSet<PathBuf> = files.iter().flat_map(|file| places.chain(file)).collect();
        let as_listed = |path: &PathBuf| {
            let path = path.to_string_lossy();
            // dpkg has files under the name that their package gave them.
            [format!("/{path}"), path.trim_start_matches("usr").to_owned()].map(OsString::from)
        };
        let listed: HashSet<OsString> = described.iter().flat_map(as_listed).collect();
        let owners = database.owners(&listed);
        let wanted = BASE.iter().chain(packages).copied().chain(owners);
        let wanted: Vec<&str> = wanted.collect();
        let closure = database.closure(&wanted, WITHOUT);
        for package in &closure {
            tree.extend(database.files(package).iter().filter_map(|file| places.of(file)));
        }
        tree.extend(described);
        if alternatives(&database, &mut places, &mut tree) {
            mounts.push("/etc/alternatives".to_owned());
        }
        let versions = closure
            .iter()
            .map(|name| format!("{name} {}\n", database.version(name)));
        let mut tree = Tree {
            id: String::new(),
            mounts,
            packages: versions.collect(),
            files: tree
                .into_iter()
                .filter(|file| is_wanted(&root.join(file)))
                .filter_map(|file| file.into_os_string().into_string().ok())
                .collect(),
            root,
        };
        tree.id = tree.now();
        Some(tree)
    }

    /// The id that the tree has by now.
    pub fn now(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.packages.as_bytes());
        for file in &self.files {
            hasher.update(&[0]).update(file.as_bytes()).update(&[0]);
            let Ok(stat) = std::fs::symlink_metadata(self.root.join(file)) else {
                continue;
            };
            for number in [
                i64::from(stat.mode()),
                stat.size().cast_signed(),
                stat.ino().cast_signed(),
                stat.mtime(),
                stat.mtime_nsec(),
                stat.ctime(),
                stat.ctime_nsec(),
            ] {
                hasher.update(&number.to_le_bytes());
            }
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// Whether the machine has the files of the tree of this id still: a third of
    /// the cost of [`Tree::now`]. None: it was never looked at, or something is
    /// different, which may be no more than what a link leads to.
    pub fn glance(cache_dir: &Path, id: &str) -> Option<()> {
        let payload = sealed::read(&file(cache_dir, id).with_extension(GLANCE), GLANCE)?;
        let (digest, paths) = payload.split_at_checked(64)?;
        (stamp(paths).digest.to_hex().as_bytes() == digest).then_some(())
    }

    /// Looks at every file; whether the tree is what the machine has. `true` is
    /// kept for [`Tree::glance`].
    pub fn is_current(&self, cache_dir: &Path) -> bool {
        let began = SystemTime::now();
        let mut sentinel = Sentinel::default();
        for path in self.files().chain(platform::package_databases()) {
            sentinel.watch(&path);
        }
        let paths = sentinel.all();
        let stamp = stamp(&paths);
        let is_current = self.now() == self.id;
        if is_current && is_older(&stamp, began) {
            let payload = [stamp.digest.to_hex().as_bytes(), &paths].concat();
            // Without it every file is looked at again.
            let _ = sealed::write(
                &file(cache_dir, &self.id).with_extension(GLANCE),
                GLANCE,
                &payload,
            );
        }
        is_current
    }

    /// Every file, absolute.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(|file| self.root.join(file))
    }

    /// As it is added to the store.
    pub fn import(&self) -> Import {
        Import {
            id: self.id.clone(),
            name: "host-tree".to_owned(),
            root: self.root.clone(),
            files: self.files.clone(),
        }
    }

    /// Keeps the description in the cache, to be found by [`Tree::known`].
    ///
    /// # Errors
    /// The cache cannot be written.
    pub fn remember(&self, cache_dir: &Path) -> Result<()> {
        let path = file(cache_dir, &self.id);
        forget_old(path.parent().unwrap_or(cache_dir));
        sealed::write(&path, KIND, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// The description of this id, as it was found once.
    pub fn known(cache_dir: &Path, id: &str) -> Option<Tree> {
        serde_json::from_slice(&sealed::read(&file(cache_dir, id), KIND)?).ok()
    }
}

fn file(cache_dir: &Path, id: &str) -> PathBuf {
    cache_dir.join("host/trees").join(id)
}

fn forget_old(directory: &Path) {
    let is_old = |entry: &std::fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age > OLD))
    };
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if is_old(&entry) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Adds the alternatives that lead to something of the tree; whether there are any.
fn alternatives(database: &Database, places: &mut Places, tree: &mut BTreeSet<PathBuf>) -> bool {
    let mut any = false;
    for (name, link) in database.alternatives() {
        let alternative = Path::new("etc/alternatives").join(&name);
        let Ok(target) = std::fs::read_link(places.root.join(&alternative)) else {
            continue;
        };
        let leads_in = places.of(&target).is_some_and(|target| {
            // Of a directory the tree has what lies in it.
            tree.contains(&target)
                || tree
                    .range(target.clone()..)
                    .next()
                    .is_some_and(|next| next.starts_with(&target))
        });
        if let (true, Some(link)) = (leads_in, places.of(&link)) {
            tree.extend([alternative, link]);
            any = true;
        }
    }
    any
}

/// Whether it is a file or a link that we can read.
fn is_wanted(path: &Path) -> bool {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return false;
    };
    let for_all = metadata.mode() & 0o004 != 0;
    metadata.is_symlink()
        || metadata.is_file() && (for_all || rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok())
}

/// Where the files of a system really are, links of directories resolved.
struct Places<'a> {
    root: &'a Path,
    parents: HashMap<PathBuf, Option<PathBuf>>,
}

impl<'a> Places<'a> {
    fn new(root: &'a Path) -> Places<'a> {
        Places {
            root,
            parents: HashMap::new(),
        }
    }

    /// The place of an absolute path, relative to the root; none if it is not
    /// below `/usr`, or nothing that a build reads.
    fn of(&mut self, path: &Path) -> Option<PathBuf> {
        let (parent, name) = (path.parent()?, path.file_name()?);
        if !self.parents.contains_key(parent) {
            let real = self.resolve(parent);
            self.parents.insert(parent.to_path_buf(), real);
        }
        let place = self.parents.get(parent)?.as_ref()?.join(name);
        is_for_builds(&place).then_some(place)
    }

    fn resolve(&self, parent: &Path) -> Option<PathBuf> {
        let real = self
            .root
            .join(parent.strip_prefix("/").ok()?)
            .canonicalize()
            .ok()?;
        real.strip_prefix(self.root).ok().map(Path::to_path_buf)
    }

    /// A file and the links that lead to it.
    fn chain(&mut self, path: &Path) -> Vec<PathBuf> {
        const LONGEST: usize = 20;
        let mut chain = Vec::new();
        let mut path = path.to_path_buf();
        for _ in 0..LONGEST {
            let Some(place) = self.of(&path) else {
                break;
            };
            let target = std::fs::read_link(self.root.join(&place));
            // An absolute one replaces what it is joined to.
            let next =
                target.map(|target| lexical(&Path::new("/").join(&place).with_file_name("").join(target)));
            chain.push(place);
            match next {
                Ok(next) => path = next,
                Err(_) => break,
            }
        }
        chain
    }
}

/// Without `.` and `..`.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// LLVM's own parts as archives, of which its library is made: many times its size,
/// and linked by nobody who does not build LLVM.
fn is_part_of_llvm(place: &Path) -> bool {
    let directory = place
        .parent()
        .filter(|parent| parent.ends_with("lib"))
        .and_then(Path::parent);
    let is_llvms = directory
        .and_then(|directory| directory.strip_prefix("usr/lib").ok()?.to_str())
        .is_some_and(|name| name.starts_with("llvm-"));
    is_llvms && place.extension().is_some_and(|kind| kind == "a")
}

fn is_for_builds(place: &Path) -> bool {
    let for_people = place
        .strip_prefix("usr/share")
        .ok()
        .and_then(|rest| rest.components().next())
        .is_some_and(|first| FOR_PEOPLE.iter().any(|name| first.as_os_str() == *name));
    place.starts_with("usr") && !for_people && !is_part_of_llvm(place)
}
