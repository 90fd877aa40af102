//! A seed out of a target directory. A cargo may be at work in it: it takes a
//! unit's fingerprint away before it has it made anew, so a unit whose fingerprint
//! is the same before and after a look at its outputs is whole.

use super::super::context::HostTree;
use super::super::index::{Index, Tracked};
use super::super::journal::Entry;
use super::super::paths::Visible;
use super::super::script::{RUN, Run};
use super::super::sidecar::{Looks, Sidecar};
use super::super::{history, origin};
use super::moved::{is_movable, is_named};
use super::wanted::Wanted;
use super::{Kind, Piece, Pieces, Seed, Source, Unit};
use crate::bounded;
use cargo_nix_protocol::UnitAsk;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What cargo's notes of a unit, and of a run, may be long: they are a few hundred
/// bytes, but a script may print what it likes.
const NOTE: u64 = 4 << 20;
/// What Cargo.toml may say of a package, whatever it looks like (`CARGO_PKG_*`).
const TEXTS: [&str; 7] = [
    "AUTHORS",
    "DESCRIPTION",
    "HOMEPAGE",
    "LICENSE",
    "LICENSE_FILE",
    "README",
    "REPOSITORY",
];
/// Bytes of a seed, at most.
const LARGEST: usize = 128 << 20;

/// What is of the store in a target directory.
pub(super) struct TakenUnits {
    tag: Option<Piece>,
    pub pieces: Pieces,
    pub units: Vec<Taken>,
}

/// A unit, with what it was seen to depend on.
pub(super) struct Taken {
    unit: Unit,
    source: Source,
    tracked: Tracked,
    base: String,
    /// Whether it is of use in another workspace: what names this one may name that.
    pub is_movable: bool,
}

impl TakenUnits {
    /// Of some of the units.
    pub fn seed(&self, wanted: &Wanted, is_wanted: impl Fn(&Taken) -> bool) -> Seed {
        let units = || self.units.iter().filter(|unit| is_wanted(unit));
        let sources: BTreeSet<&Source> = units().map(|unit| &unit.source).collect();
        let bases: BTreeSet<&String> = units().map(|unit| &unit.base).collect();
        let variables = units().flat_map(|unit| &unit.tracked.variables);
        Seed {
            workspace: wanted.workspace().to_path_buf(),
            tag: self.tag,
            sources: sources.into_iter().cloned().collect(),
            absent: units().flat_map(|unit| unit.tracked.absent.clone()).collect(),
            variables: variables
                .map(|name| (name.clone(), wanted.variables.get(name).cloned()))
                .collect(),
            bases: bases.into_iter().cloned().collect(),
            units: units().map(|unit| unit.unit.clone()).collect(),
        }
    }
}

/// What the build has left of the store in its target directory.
pub(super) fn take(wanted: &Wanted, index: &Index) -> TakenUnits {
    let build = history::build(index.cache(), &wanted.build);
    let entries = build.map(|build| build.units).unwrap_or_default();
    let mut taker = Taker {
        wanted,
        index,
        root: wanted.workspace(),
        entries: entries
            .into_iter()
            .map(|entry| ((entry.dir.clone(), entry.stem.clone()), entry))
            .collect(),
        pieces: Pieces::default(),
        is_movable: true,
    };
    let tag = bounded::read(&wanted.target.join("CACHEDIR.TAG"), NOTE).ok();
    let tag = tag.map(|tag| taker.pieces.add(&tag));
    let profiles = profiles(&wanted.target);
    let units = profiles
        .iter()
        .flat_map(|profile| taker.profile(profile))
        .collect();
    TakenUnits {
        tag,
        pieces: taker.pieces,
        units,
    }
}

/// `target/<profile>` and `target/<triple>/<profile>`.
fn profiles(target: &Path) -> Vec<PathBuf> {
    let directories = |dir: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let is_dir = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        entries.filter(is_dir).map(|entry| entry.path()).collect()
    };
    let is_profile = |dir: &PathBuf| dir.join(".fingerprint").is_dir();
    let top = directories(target);
    let below = top
        .iter()
        .filter(|dir| !is_profile(dir))
        .flat_map(|dir| directories(dir));
    top.iter().cloned().chain(below).filter(is_profile).collect()
}

struct Taker<'a> {
    wanted: &'a Wanted,
    index: &'a Index,
    /// The workspace's.
    root: &'a Path,
    /// What the build noted of its units, by directory and stem.
    entries: HashMap<(PathBuf, String), Entry>,
    pieces: Pieces,
    /// Whether what was read of the unit at hand names the workspace only so that another
    /// can be put in its place.
    is_movable: bool,
}

impl Taker<'_> {
    fn relative(&self, path: &Path) -> Option<PathBuf> {
        Some(path.strip_prefix(&self.wanted.target).ok()?.to_path_buf())
    }

    fn profile(&mut self, profile: &Path) -> Vec<Taken> {
        let list = |dir: PathBuf| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            paths.sort();
            paths
        };
        // By the hash at the end of their names, which is that of the unit.
        let hash = |name: &str| Some(name.rsplit_once('-')?.1.to_owned());
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let notes: HashMap<String, PathBuf> = list(profile.join(".fingerprint"))
            .into_iter()
            .filter_map(|dir| Some((hash(&name(&dir)?)?, dir)))
            .collect();
        let packages = list(profile.join("build"));
        let dirs = packages.iter().cloned().chain([profile.join("deps")]);
        let mut units = Vec::new();
        for file in dirs.flat_map(list) {
            let (Some(dir), Some(name)) = (file.parent(), name(&file)) else {
                continue;
            };
            let stem = name.strip_prefix('.').and_then(|name| name.strip_suffix(".unit"));
            let Some(stem) = stem else { continue };
            let of = match name == RUN {
                true => dir.file_name().map(|name| name.to_string_lossy().into_owned()),
                false => Some(stem.to_owned()),
            };
            let notes = of.as_deref().and_then(hash).and_then(|hash| notes.get(&hash));
            if let (Some(notes), Some(of)) = (notes, of) {
                units.extend(self.unit(dir, &of, name == RUN, notes));
            }
        }
        units
    }

    /// A unit, if it is whole.
    fn unit(&mut self, dir: &Path, stem: &str, is_run: bool, fingerprint: &Path) -> Option<Taken> {
        self.is_movable = true;
        let before = looks(fingerprint)?;
        let notes = self.files(fingerprint, &|_| false)?;
        let (kind, path, derivation) = if is_run {
            let run = Run::of(&dir.join("out"))?;
            let files = self.files(dir, &|name| name == RUN)?;
            (Kind::Run { files }, run.path, run.derivation)
        } else {
            let sidecar = Sidecar::read(dir, stem).filter(|sidecar| sidecar.is_whole(dir))?;
            let dep_info = bounded::read(&dir.join(format!("{stem}.d")), NOTE).ok();
            let dep_info = match dep_info {
                Some(text) => Some(self.text(&text, true)?),
                None => None,
            };
            let kind = Kind::Compile {
                stem: stem.to_owned(),
                key: sidecar.key,
                dep_info,
            };
            (kind, sidecar.path, sidecar.derivation)
        };
        // What another build has put there is that one's, and may be of another environment.
        let entry = self.entries.get(&(dir.to_path_buf(), stem.to_owned()));
        let entry = entry
            .filter(|entry| entry.path.as_deref() == Some(&path))?
            .clone();
        let record = self.index.made(&path).filter(|record| !record.base.is_empty())?;
        let plan = self.index.plan_of(&path)?;
        let source = self.source(&entry, &plan)?;
        let mut tracked = self.index.tracked(&record.base);
        // Made before something was learned of it, by another build meanwhile.
        let is_planned = |name: &String| {
            record.tracked.variables.contains(name)
                || plan.variables.contains_key(name)
                || !self.wanted.variables.contains_key(name)
        };
        if !tracked.variables.iter().all(is_planned) {
            return None;
        }
        tracked.learn(&record.tracked);
        tracked.absent.extend(absent(&plan, &tracked, &source)?);
        if looks(fingerprint)? != before {
            return None;
        }
        let unit = Unit {
            kind,
            dir: self.relative(dir)?,
            path,
            derivation,
            fingerprint: self.relative(fingerprint)?,
            notes,
            entry: serde_json::to_string(&entry).ok()?,
        };
        Some(Taken {
            unit,
            // Of one in the workspace, cargo notes where that is.
            is_movable: self.is_movable && source.root.is_absolute(),
            source,
            tracked,
            base: record.base,
        })
    }

    /// Where the build had the source of a unit, and what that was in the store.
    fn source(&self, entry: &Entry, plan: &UnitAsk) -> Option<Source> {
        let root = entry.source.as_deref()?;
        let manifest = plan.variables.get("CARGO_MANIFEST_DIR")?;
        let input = plan.inputs.iter().find(|input| {
            let rest = manifest.strip_prefix(input.path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })?;
        let store_dir = Path::new(&input.path).parent()?;
        let origin = origin::of(root, &self.wanted.cargo_home, store_dir, Path::exists).ok()?;
        Some(Source {
            root: root.strip_prefix(self.root).unwrap_or(root).to_path_buf(),
            name: origin.name,
            path: input.path.clone(),
        })
    }

    /// The files of a directory.
    fn files(&mut self, dir: &Path, is_left: &dyn Fn(&str) -> bool) -> Option<Vec<(String, Piece)>> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(dir).ok()?.flatten() {
            let name = entry.file_name().into_string().ok()?;
            if entry.file_type().ok()?.is_file() && !is_left(&name) {
                let bytes = bounded::read(&entry.path(), NOTE).ok()?;
                // Cargo's own notes name places by where they are below others.
                let may_be_named = ["output", "root-output", "stderr"].contains(&name.as_str());
                files.insert(name, self.text(&bytes, may_be_named)?);
            }
        }
        Some(files.into_iter().collect())
    }

    /// A text; where it may name places in the workspace, the name of another will be put.
    fn text(&mut self, bytes: &[u8], may_be_named: bool) -> Option<Piece> {
        let root = self.root.as_os_str().as_encoded_bytes();
        self.is_movable &= match may_be_named {
            true => is_movable(bytes, root),
            false => !is_named(bytes, root),
        };
        let is_small = self.pieces.0.len() + bytes.len() <= LARGEST;
        is_small.then(|| self.pieces.add(bytes))
    }
}

/// The paths that must not be there for the same plan to be made again; `None` if it
/// would not be made now.
fn absent(plan: &UnitAsk, tracked: &Tracked, source: &Source) -> Option<Vec<PathBuf>> {
    let store_dir = Path::new(&source.path).parent()?.to_str()?.to_owned();
    let tree = plan.variables.get("unitTree").filter(|path| !path.is_empty());
    let visible = Visible {
        store_dir,
        // All of it is mounted.
        tree: tree.map(|path| HostTree {
            id: String::new(),
            mounts: vec![String::new()],
            path: path.clone(),
        }),
    };
    // As the plan was made: what Cargo.toml says is text, and a rule for the names of
    // sources names nothing that is there. The value of an option may be joined to it.
    let arguments = plan.arguments.iter().map(String::as_str);
    let arguments = arguments.filter(|argument| !argument.starts_with("--remap-path-prefix="));
    let values = arguments.clone().filter(|argument| argument.starts_with('-'));
    let values = values.filter_map(|argument| argument.get(2..));
    let is_text = |name: &str| {
        let name = name.strip_prefix("CARGO_PKG_");
        name.is_some_and(|name| TEXTS.contains(&name))
    };
    let variables = plan.variables.iter();
    let variables = variables.filter(|(name, _)| !is_text(name));
    let is_read = |name: &String| tracked.variables.contains(name) || name.starts_with("unitOdd");
    let mut read = variables.clone().filter(|(name, _)| is_read(name));
    if !read.all(|(_, value)| visible.makes_nothing(value, Path::exists).is_ok()) {
        return None;
    }
    let texts = arguments
        .chain(values)
        .chain(variables.map(|(_, value)| value.as_str()));
    let absent: Option<Vec<_>> = texts.map(|text| visible.absent(text, Path::exists)).collect();
    Some(absent?.concat())
}

/// What tells cargo's notes of a unit from later ones.
fn looks(fingerprint: &Path) -> Option<BTreeMap<PathBuf, (u64, Looks)>> {
    let entries = std::fs::read_dir(fingerprint).ok()?.flatten();
    let looks = entries.map(|entry| {
        let metadata = entry.metadata().ok()?;
        Some((entry.path(), (metadata.ino(), Looks::of(&metadata))))
    });
    looks.collect()
}
