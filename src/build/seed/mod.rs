//! The seed of a target directory: what a build left there of the store, with
//! cargo's own notes of it, so that the next checkout of the same begins where
//! that one ended and cargo starts no process for what it finds fresh.
//!
//! - [`wanted`]: which seed a cargo at its beginning would have use for
//! - [`cargo`]: what that was told to build
//! - [`take`]: from a target directory, by the build service
//! - [`moved`]: what names the one workspace, for another
//! - [`lay`]: into one that is not there yet
//!
//! Cargo looks at a unit's notes (its fingerprint) when it begins, and asks us
//! only for what is not fresh. So the one moment to lay a seed is its first
//! question, `rustc -vV`, which it puts where it finds no target directory.
//!
//! Promises: whether a unit is fresh is cargo's to say, by its own fingerprint, as
//! in the directory that the seed is of. What our keys know beyond that is
//! compared here: the environment, its host tree, each source by its stats, the
//! variables that units were seen to read by whatever build since, paths that
//! must not be there, the configuration and command line of cargo. If one of them
//! is another, nothing is laid, and each unit is asked for. All of a profile
//! appears at once, so that where it is cut off in the middle all is asked for.

mod cargo;
mod lay;
mod moved;
mod take;
pub mod wanted;

use super::context::Context;
use super::index::{Index, Tracked};
use super::journal;
use super::realise::Builder;
use super::{roots, runs};
use crate::sealed;
use crate::vars::Vars;
use lay::End;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use take::Taken;
use wanted::Wanted;

/// What a [`Seed`] is sealed as.
const KIND: &str = "seed";
/// How many seeds are kept, at least: those that were used last.
const KEPT: usize = 50;
/// What the note of a run about its [`Wanted`] is called.
const NOTE: &str = "seed";

/// See the module. Places are relative to the target directory.
#[derive(Debug, Serialize, Deserialize)]
struct Seed {
    /// The workspace that it was taken from.
    workspace: PathBuf,
    /// What cargo puts at the top of a directory that it makes.
    tag: Option<Piece>,
    /// The sources of the units, and what they were in the store.
    sources: Vec<Source>,
    /// Paths of the machine that must not be there.
    absent: BTreeSet<PathBuf>,
    /// Variables that units were seen to read, each as [`wanted::Variables`] has it.
    variables: BTreeMap<String, Option<String>>,
    /// Where the index has what was learned of its units.
    bases: Vec<String>,
    units: Vec<Unit>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Source {
    /// Absolute, or in the workspace.
    root: PathBuf,
    name: String,
    path: String,
}

/// A unit of the store in a target directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Unit {
    kind: Kind,
    /// Where its outputs are; of a run, cargo's directory of it.
    dir: PathBuf,
    /// Its output in the store, and its derivation.
    path: String,
    derivation: String,
    /// Where cargo's notes of it are.
    fingerprint: PathBuf,
    /// Those.
    notes: Vec<(String, Piece)>,
    /// What was noted of it for `stats`, as JSON.
    entry: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Kind {
    /// Of rustc.
    Compile {
        stem: String,
        key: String,
        dep_info: Option<Piece>,
    },
    /// Of a build script; with what cargo wrote of its run.
    Run { files: Vec<(String, Piece)> },
}

/// Bytes in the second part of a seed's file: where they begin and how many.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Piece(usize, usize);

/// The bytes of a seed.
#[derive(Default)]
struct Pieces(Vec<u8>);

impl Pieces {
    fn add(&mut self, bytes: &[u8]) -> Piece {
        let piece = Piece(self.0.len(), bytes.len());
        self.0.extend_from_slice(bytes);
        piece
    }

    /// Empty if the piece is not there.
    fn get(&self, Piece(start, length): Piece) -> &[u8] {
        let end = start.saturating_add(length);
        self.0.get(start..end).unwrap_or_default()
    }
}

impl Seed {
    /// Whether the variables that its units were seen to read are the same.
    fn has_the_variables_of(&self, wanted: &Wanted) -> bool {
        let mut all = self.variables.iter();
        all.all(|(name, hash)| wanted.variables.get(name) == hash.as_ref())
    }

    /// Whether it is known here that a unit reads this.
    fn knows(&self, tracked: &Tracked) -> bool {
        let mut variables = tracked.variables.iter();
        variables.all(|name| self.variables.contains_key(name)) && tracked.absent.is_subset(&self.absent)
    }
}

fn directory(index: &Index) -> PathBuf {
    index.dir().join("seeds")
}

fn read(index: &Index, key: &str) -> Option<(Seed, Pieces)> {
    let bytes = sealed::read(&directory(index).join(key), KIND)?;
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (seed, pieces) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    Some((postcard::from_bytes(seed).ok()?, Pieces(pieces.to_vec())))
}

/// The salt of this cache's hashes of variables.
fn salt(index: &Index) -> Option<[u8; 32]> {
    let file = index.dir().join("salt");
    if let Some(salt) = sealed::read(&file, KIND) {
        return salt.try_into().ok();
    }
    let mut salt = [0; 32];
    File::open("/dev/urandom").ok()?.read_exact(&mut salt).ok()?;
    sealed::write(&file, KIND, &salt).ok()?;
    Some(salt)
}

/// Of a build that was cut off, or had less to do, no seed comes into the place of a
/// larger one that would still be laid.
fn is_worse(seed: &Seed, than: &Seed, wanted: &Wanted) -> bool {
    seed.units.len() < than.units.len()
        && than.has_the_variables_of(wanted)
        && seed.sources.iter().all(|source| than.sources.contains(source))
}

fn write(index: &Index, key: &str, seed: &Seed, pieces: &Pieces) {
    let seed = postcard::to_allocvec(seed).unwrap_or_default();
    let payload = [&(seed.len() as u64).to_le_bytes()[..], &seed, &pieces.0].concat();
    let directory = directory(index);
    journal::prune(&directory, 2 * KEPT);
    // Without it, the next checkout asks for each unit.
    let _ = sealed::write(&directory.join(key), KIND, &payload);
}

/// At cargo's first question: notes which seed this build would leave, and lays it
/// if there is one.
pub fn begin(context: &Context, vars: &Vars) {
    let Ok(cache) = vars.cache_dir() else { return };
    let index = Index::below(&cache);
    let Some(wanted) = salt(&index).and_then(|salt| Wanted::here(context, vars, &salt)) else {
        return;
    };
    let note = runs::note(&index, NOTE);
    if let (Ok(json), Ok(builder)) = (
        serde_json::to_vec(&wanted),
        Builder::below(index.dir(), vars, Vec::new()),
    ) {
        // One of a directory that was here is not of this build.
        roots::unmark(&wanted.target, &builder);
        runs::write(note.as_deref(), &json);
        note.as_deref().and_then(Path::parent).map(runs::forget_old);
    }
    for key in [wanted.key_in_place(), wanted.key.clone()] {
        let file = directory(&index).join(&key);
        let Some((seed, pieces)) = read(&index, &key) else {
            continue;
        };
        match lay::lay(&seed, &pieces, &wanted, vars) {
            End::Laid => {
                let now = |file: File| file.set_modified(SystemTime::now());
                let _ = File::options().append(true).open(file).and_then(now);
                return;
            }
            // Nor is it better than what this build will leave.
            End::Stale => drop(std::fs::remove_file(file)),
            End::Unlike | End::Unserved => {}
        }
    }
}

/// What this run of cargo is to leave a seed for, if its target directory was not
/// there when it began.
pub fn of_this_run(index: &Index) -> Option<Wanted> {
    serde_json::from_slice(&runs::read(runs::note(index, NOTE).as_deref())?).ok()
}

/// Removes what whoever was killed has left of a seed in a target directory.
pub fn forget_cut_off(target: &Path) {
    let laying = target.join(lay::LAYING);
    if let Ok(held) = File::open(&laying)
        && held.try_lock().is_ok()
    {
        let _ = std::fs::remove_dir_all(laying);
    }
}

/// Takes the seed of a target directory in which no unit was asked for for a while:
/// of use in other workspaces, as far as nothing in it is of this one alone.
pub fn leave(wanted: &Wanted, target: &Path, index: &Index) {
    if wanted.target != target {
        return;
    }
    let taken = take::take(wanted, index);
    let is_movable = |unit: &Taken| unit.is_movable;
    let keys = match taken.units.iter().all(is_movable) {
        true => vec![(wanted.key.clone(), taken.seed(wanted, |_| true))],
        false => vec![
            (wanted.key_in_place(), taken.seed(wanted, |_| true)),
            (wanted.key.clone(), taken.seed(wanted, is_movable)),
        ],
    };
    for (key, seed) in keys {
        let is_worse = || read(index, &key).is_some_and(|(old, _)| is_worse(&seed, &old, wanted));
        if !seed.units.is_empty() && !is_worse() {
            write(index, &key, &seed, &taken.pieces);
        }
    }
}
