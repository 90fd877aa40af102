//! GC roots: one for each target directory, a link in it to a store path that
//! refers to all its units. Removing the target directory removes the root.
//!
//! A unit that is served leaves a mark for its target directory; the build
//! service makes the root when nobody has asked for a while, and takes the mark
//! away (and [`seed`] what it is to leave for the next checkout). Until then the
//! service itself holds what it has built. So a build in which everything is a hit
//! waits for nothing.

use super::realise::Builder;
use super::script::{RUN, Run};
use super::seed::{self, wanted::Wanted};
use super::{index, index::Index, sidecar::Sidecar};
use cargo_nix_protocol::{StoreInput, UnitAsk};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The link, below the target directory.
const LINK: &str = ".cargo-nix/units";
/// Directories of a target directory that hold no units, and many files.
const WITHOUT_UNITS: [&str; 6] = [
    ".fingerprint",
    "doc",
    "examples",
    "fingerprint",
    "incremental",
    "package",
];
/// What cargo puts at the top of a target directory, or of a build directory
/// that lies apart; the first not where the directory was there before.
const TOP: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];
/// `target/<triple>/<profile>/build/<package>/<hash>` is as deep as units lie.
const DEPTH: usize = 7;

/// Whoever finds so young a mark need not leave one.
const RECENT: Duration = Duration::from_secs(5);

/// A target directory whose root is to be made.
#[derive(Serialize, Deserialize)]
struct Mark {
    target: PathBuf,
    system: String,
    /// What its build is to leave for the next checkout.
    #[serde(default)]
    seed: Option<Wanted>,
}

/// Marks the target directory of `out_dir`, for the service to make its root.
/// Nothing depends on its success but what a collection leaves.
pub fn mark(out_dir: &Path, builder: &Builder, system: &str, index: &Index) {
    let is_top = |dir: &&Path| TOP.iter().any(|file| dir.join(file).exists());
    let Some(target) = out_dir.ancestors().find(is_top) else {
        return;
    };
    let file = mark_of(target, builder);
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    // An older one may be of a service that was killed.
    if modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < RECENT)) {
        return;
    }
    leave(&file, target, builder, system, seed::of_this_run(index));
}

/// The same, of a target directory whose seed was laid; whatever is asked for in it
/// leaves another mark.
pub fn mark_laid(target: &Path, builder: &Builder, system: &str) {
    let file = mark_of(target, builder);
    leave(&file, target, builder, system, None);
    let old = |file: File| file.set_modified(SystemTime::UNIX_EPOCH);
    let _ = File::options().append(true).open(file).and_then(old);
}

fn leave(file: &Path, target: &Path, builder: &Builder, system: &str, seed: Option<Wanted>) {
    // A cargo that found a target directory goes on with what another has begun.
    let seed = seed.or_else(|| index::read::<Mark>(file, "mark")?.seed);
    let mark = Mark {
        target: target.to_owned(),
        system: system.to_owned(),
        seed,
    };
    if index::write(file, "mark", &mark).is_ok() {
        builder.wake();
    }
}

/// Takes the mark of a target directory away: what is placed next leaves another.
pub fn unmark(target: &Path, builder: &Builder) {
    let _ = std::fs::remove_file(mark_of(target, builder));
}

fn mark_of(target: &Path, builder: &Builder) -> PathBuf {
    let name = blake3::hash(target.as_os_str().as_encoded_bytes()).to_hex();
    marks(&builder.socket).join(&name[..32])
}

/// Where the marks for the service on this socket are.
fn marks(socket: &Path) -> PathBuf {
    socket.with_extension("marks")
}

/// Makes the roots that are marked; `build` builds a unit.
pub fn make(socket: &Path, build: impl Fn(&UnitAsk) -> bool) {
    // <cache>/units/service/<socket>
    let index = socket.ancestors().nth(3).map(Index::below);
    let Ok(entries) = std::fs::read_dir(marks(socket)) else {
        return;
    };
    for entry in entries.flatten() {
        let mark: Option<Mark> = index::read(&entry.path(), "mark");
        // Before looking: what is placed from now on leaves another mark.
        let _ = std::fs::remove_file(entry.path());
        let Some(mark) = mark.filter(|mark| mark.target.is_dir()) else {
            continue;
        };
        seed::forget_cut_off(&mark.target);
        let mut units = BTreeSet::new();
        collect(&mark.target, DEPTH, &mut units);
        units.retain(|unit| Path::new(&unit.path).exists());
        if units.is_empty() {
            continue;
        }
        let root = mark.target.join(LINK);
        if let (Some(wanted), Some(index)) = (&mark.seed, &index) {
            seed::leave(wanted, &mark.target, index);
        }
        if !build(&set("cargo-nix-target", &mark.system, root, units)) {
            // The next service tries again; what is there by then may be another build's.
            let again = Mark { seed: None, ..mark };
            let _ = index::write(&entry.path(), "mark", &again);
        }
    }
}

/// A store path that refers to the `units`, held by `root`, a link to it.
pub fn set(name: &str, system: &str, root: PathBuf, units: BTreeSet<StoreInput>) -> UnitAsk {
    UnitAsk {
        name: name.into(),
        system: system.into(),
        script: "printf '%s\\n' \"$@\" >\"$out\"".into(),
        arguments: units.iter().map(|unit| unit.path.clone()).collect(),
        variables: BTreeMap::new(),
        inputs: units.into_iter().collect(),
        root: Some(root),
    }
}

/// The units whose sidecars lie below `dir`.
fn collect(dir: &Path, depth: usize, units: &mut BTreeSet<StoreInput>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // The `out` of a run is a script's; in cargo's newer layout, that of a
            // call of rustc holds units.
            let is_scripts = name == "out" && dir.join(RUN).exists();
            if depth > 0 && !is_scripts && !WITHOUT_UNITS.iter().any(|not| name == *not) {
                collect(&entry.path(), depth - 1, units);
            }
            continue;
        }
        let Some(stem) = name
            .to_str()
            .and_then(|name| name.strip_prefix('.')?.strip_suffix(".unit"))
        else {
            continue;
        };
        let found = if name == OsStr::new(RUN) {
            Run::of(&dir.join("out")).map(|run| (run.path, run.derivation))
        } else {
            Sidecar::read(dir, stem)
                .filter(|sidecar| !sidecar.is_orphan(dir, stem))
                .map(|sidecar| (sidecar.path, sidecar.derivation))
        };
        units.extend(found.map(|(path, derivation)| StoreInput {
            derivation: Path::new(&derivation).exists().then_some(derivation),
            path,
        }));
    }
}
