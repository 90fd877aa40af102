//! The input set of a project: all that its evaluation can read, found
//! statically, hashed into a key, snapshotted.
//!
//! ```text
//! Project -> [manifest: all stats equal?] -yes-> digest
//!                      | no
//!            [discover: literals, resolve, scan] -> records -> [key] -> digest
//!                                                      |
//!                                                 [snapshot] -> directory + NAR hash
//! ```
//!
//! Promises: the digest is that of the bytes that a snapshot holds, wherever
//! the project lies and however it got there; an edit of anything else does not
//! change it. Never: reading outside [`Project::root`].

mod begin;
mod discover;
mod faults;
mod findings;
mod forbidden;
mod formats;
mod key;
mod literals;
pub(crate) mod lock;
mod manifest;
mod metadata;
mod reach;
mod resolve;
mod scan;
pub(crate) mod snapshot;
mod stat;
#[cfg(test)]
mod tests;

use crate::bounded;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::project::{CRATE_ENV, PINS, Project, RUST_TOOLCHAIN};
use crate::sealed;
use crate::trust::{Content, Contents, Part};
use cargo_nix_protocol::Tree;
use manifest::{Manifest, Seen, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The kind of the manifest's file. What counts as an input may differ between
/// versions, and with it what a manifest means.
const MANIFEST: &str = concat!("manifest-2-", env!("CARGO_PKG_VERSION"));

/// How often a snapshot is tried while the project is being written to.
const ATTEMPTS: usize = 5;

/// Where the layers of a project lie, relative to its root (`""`: the root
/// itself), as [`cargo_nix_protocol::EnvArguments`] wants them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Directories with a crate-env.nix, the member at hand last.
    pub layers: Vec<String>,
    /// The directory of flake.nix, flake.lock or npins.
    pub pins: Option<String>,
    /// The directory of the rust-toolchain file.
    pub rust_toolchain: Option<String>,
}

impl Layout {
    /// The layout of `project`.
    ///
    /// # Errors
    /// [`Error::Project`] if a directory below the root has a name that is not UTF-8.
    pub fn of(project: &Project) -> Result<Layout> {
        let relative = |directory: &PathBuf| {
            let path = directory.strip_prefix(&project.root).unwrap_or(directory);
            path.to_str().map(str::to_owned).ok_or_else(|| Error::Project {
                message: format!(
                    "the name of {} is not UTF-8\n  rename it: a Nix expression cannot name it",
                    directory.display()
                ),
            })
        };
        Ok(Layout {
            layers: project.layers.iter().map(relative).collect::<Result<_>>()?,
            pins: project.pins.as_ref().map(relative).transpose()?,
            rust_toolchain: project.rust_toolchain.as_ref().map(relative).transpose()?,
        })
    }
}

/// The input set as it was when it was last looked at.
#[derive(Clone, Debug)]
pub struct Inputs {
    project: Project,
    cache_dir: PathBuf,
    manifest: Manifest,
}

/// A path whose change may change the environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watch {
    /// Absolute.
    pub path: PathBuf,
    /// Seconds and nanoseconds since 1970, from before it was read; `None` if
    /// nothing is there.
    pub modified: Option<(i64, i64)>,
}

impl Inputs {
    /// The input set now. Reads stats only, if nothing changed since the last
    /// time; the manifest that this rests on lies in
    /// `<cache_dir>/projects/<Project::id>/manifest`. A cache that cannot be
    /// written costs time, no more.
    ///
    /// # Errors
    /// [`Error::Project`] with the place of the literal that leads to something
    /// that cannot be an input; [`Error::Io`].
    pub fn current(project: &Project, cache_dir: &Path) -> Result<Inputs> {
        Inputs::current_within(project, cache_dir, None)
    }

    /// The same; but if more than `most` bytes would have to be read of files that
    /// need only be hashed, none of these is.
    ///
    /// # Errors
    /// As [`Inputs::current`], and [`Error::Project`] that so much was not read.
    pub fn current_within(project: &Project, cache_dir: &Path, most: Option<u64>) -> Result<Inputs> {
        let layout = Layout::of(project)?;
        let path = manifest_path(project, cache_dir);
        let mut old = sealed::read(&path, MANIFEST)
            .and_then(|payload| postcard::from_bytes::<Manifest>(&payload).ok())
            .filter(|manifest| manifest.layout == layout);
        let verdict = old
            .as_mut()
            .map_or(Verdict::Changed, |manifest| manifest.verify(&project.root));
        let manifest = match (old, verdict) {
            (Some(manifest), Verdict::Same) => manifest,
            (Some(manifest), Verdict::Refreshed) => {
                remember(project, cache_dir, &manifest);
                manifest
            }
            (old, _) => {
                let manifest = discover::discover(project, layout, old.as_ref(), most)?;
                remember(project, cache_dir, &manifest);
                manifest
            }
        };
        Ok(Inputs {
            project: project.clone(),
            cache_dir: cache_dir.to_path_buf(),
            manifest,
        })
    }

    /// The digest of the contents: equal for equal snapshots and layouts.
    pub fn digest(&self) -> blake3::Hash {
        blake3::Hash::from_bytes(self.manifest.digest)
    }

    /// Where the layers lie in a snapshot.
    pub fn layout(&self) -> &Layout {
        &self.manifest.layout
    }

    /// Refuses expressions that look at the machine (`builtins.getEnv` and so
    /// on), which a pure evaluation would answer with nothing. Not for `--impure`.
    ///
    /// # Errors
    /// [`Error::Project`] with the place and the way out.
    pub fn check_pure(&self) -> Result<()> {
        if self.manifest.findings.is_empty() {
            return Ok(());
        }
        let root = &self.project.root;
        let messages = self.manifest.findings.iter().map(|finding| finding.message(root));
        Err(Error::Project {
            message: messages.collect::<Vec<_>>().join("\n"),
        })
    }

    /// Refuses files of a broken syntax that the evaluation could only complain
    /// about without naming them, and a crate-env.nix that is no file.
    ///
    /// # Errors
    /// [`Error::Project`] with the place and the way out.
    pub fn check_formats(&self) -> Result<()> {
        formats::check(&self.project, self.layout())
    }

    /// Writes the input set to the directory `into` (replacing it), modes made
    /// canonical, and gives its NAR hash.
    ///
    /// If the project was edited since the digest was computed, that is
    /// computed anew: **compare [`Inputs::digest`] before and after**.
    ///
    /// # Errors
    /// [`Error::Project`] if the project changes all the time, or as
    /// [`Inputs::current`]; [`Error::Io`] if `into` cannot be written.
    pub fn snapshot(&mut self, into: &Path) -> Result<Tree> {
        let mut changed = PathBuf::new();
        for _ in 0..ATTEMPTS {
            match snapshot::write(&self.project.root, &self.manifest, into)? {
                snapshot::Outcome::Written => {
                    return Ok(Tree {
                        path: into.to_path_buf(),
                        nar_hash: crate::nar::hash(into)?,
                    });
                }
                snapshot::Outcome::Changed(path) => changed = path,
            }
            let layout = self.manifest.layout.clone();
            self.manifest = discover::discover(&self.project, layout, None, None)?;
            remember(&self.project, &self.cache_dir, &self.manifest);
        }
        Err(changing(&self.project.root.join(changed)))
    }

    /// What the digest stands for, file by file, for whoever is to allow it: a
    /// link by where it leads, an empty directory and an executable file by saying
    /// so, the `metadata.cargo-nix` tables by their JSON.
    ///
    /// # Errors
    /// [`Error::Project`] if a file is no longer what was hashed.
    pub fn contents(&self) -> Result<Contents> {
        let mut contents = Contents::new();
        for (path, node) in key::nodes(&self.manifest.records) {
            let content = match node {
                key::Node::Empty => Content::Bytes(b"an empty directory\n".to_vec()),
                key::Node::Link { target } => Content::Bytes(format!("-> {target}\n").into_bytes()),
                key::Node::File { executable, hash } => {
                    if executable {
                        let mode = Content::Bytes(b"executable\n".to_vec());
                        contents.insert(Part::Mode(path.to_path_buf()), mode);
                    }
                    let file = manifest::join(&self.project.root, path);
                    readable(&file, hash)?
                }
            };
            contents.insert(Part::Path(path.to_path_buf()), content);
        }
        if !self.manifest.metadata.is_empty() {
            let mut json = self.manifest.metadata.clone().into_bytes();
            json.push(b'\n');
            contents.insert(Part::Metadata, Content::Bytes(json));
        }
        Ok(contents)
    }

    /// All paths whose change may change the environment, for watchers such as
    /// direnv: the files, links and directories of the input set, what was
    /// looked for and not there, and where another layer or pin could appear.
    pub fn watches(&self) -> Vec<Watch> {
        let root = &self.project.root;
        let mut watches = BTreeSet::new();
        for (path, record) in &self.manifest.records {
            if record.seen != Seen::Kind {
                let modified = record.stat.map(|stat| stat.modified());
                watches.insert(Watch {
                    path: manifest::join(root, path),
                    modified,
                });
            }
        }
        let known: BTreeSet<PathBuf> = watches.iter().map(|watch| watch.path.clone()).collect();
        let above = self
            .project
            .directory()
            .ancestors()
            .take_while(|directory| directory.starts_with(root));
        for directory in above {
            for name in [CRATE_ENV].iter().chain(&PINS).chain(&RUST_TOOLCHAIN) {
                let path = directory.join(name);
                if !known.contains(&path) && path.symlink_metadata().is_err() {
                    watches.insert(Watch { path, modified: None });
                }
            }
        }
        watches.into_iter().collect()
    }
}

/// The bytes of a file that was hashed, unless it is too large to be held.
fn readable(file: &Path, hash: &[u8; 32]) -> Result<Content> {
    let failed = || Error::io("reading", file);
    let size = file.metadata().map_err(failed())?.len();
    let (content, now) = if size > bounded::LARGE {
        let now = manifest::hash_file(file).map_err(failed())?;
        let large = Content::Large {
            bytes: size,
            hash: now,
        };
        (large, now)
    } else {
        let bytes = bounded::read(file, bounded::LARGE).map_err(failed())?;
        let now = *blake3::hash(&bytes).as_bytes();
        (Content::Bytes(bytes), now)
    };
    if now != *hash {
        return Err(changing(file));
    }
    Ok(content)
}

fn changing(path: &Path) -> Error {
    Error::Project {
        message: format!(
            "{} changes while it is being read\n  try again when nothing writes to it",
            path.display()
        ),
    }
}

impl Inputs {
    /// What a discovery that fails has looked at, up to where it failed: a
    /// change of any of it may heal it. `None` if it does not fail (any more).
    pub fn watches_of_a_fault(project: &Project) -> Option<Vec<Watch>> {
        let paths = match Layout::of(project) {
            Ok(layout) => discover::looked_at(project, &layout)?,
            Err(_) => Vec::new(),
        };
        let layers = project.layers.iter().map(|layer| layer.join(CRATE_ENV));
        Some(Inputs::seen(paths.into_iter().chain(layers)))
    }

    /// These paths as they are now, each once.
    pub fn seen(paths: impl IntoIterator<Item = PathBuf>) -> Vec<Watch> {
        let modified = |path: &Path| stat::look(path).ok().flatten().map(|stat| stat.modified());
        let watches: BTreeSet<Watch> = paths
            .into_iter()
            .map(|path| Watch {
                modified: modified(&path),
                path,
            })
            .collect();
        watches.into_iter().collect()
    }
}

fn manifest_path(project: &Project, cache_dir: &Path) -> PathBuf {
    cache_dir
        .join("projects")
        .join(project.id().to_hex().as_str())
        .join("manifest")
}

/// Writes the manifest; one that is lost costs a discovery.
fn remember(project: &Project, cache_dir: &Path, manifest: &Manifest) {
    if let Ok(payload) = postcard::to_allocvec(manifest) {
        let id = project.id().to_hex();
        let _ = Cache::new(cache_dir.to_path_buf()).note_place(&id, project.directory());
        let _ = sealed::write(&manifest_path(project, cache_dir), MANIFEST, &payload);
    }
}
