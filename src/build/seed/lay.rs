//! A seed into a target directory that is not there yet.
//!
//! All that is laid is of one instant: cargo takes a unit for stale when something
//! that it depends on is younger. And it is all there at once, by a rename of each
//! profile's directory: of a part, cargo would have what a unit depends on made
//! again, and find the unit itself fresh, until the next build sees what is younger.

use super::super::index::{Index, Record, Tracked};
use super::super::journal::{self, Entry, Outcome};
use super::super::origin::Origin;
use super::super::place::{self, Here};
use super::super::realise::Builder;
use super::super::script::Run;
use super::super::workshop::{self, Unserved};
use super::super::{out_dir, roots, source};
use super::moved::moved;
use super::wanted::Wanted;
use super::{Kind, Piece, Pieces, Seed, Source, Unit};
use crate::error::{Error, Result};
use crate::vars::Vars;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::SystemTime;

/// Threads that lay, at most; more would wait for the disk.
const HANDS: usize = 4;
/// Where it is laid, below the target directory. Left only by whoever was killed.
pub(super) const LAYING: &str = ".cargo-nix/laying";

/// What has come of a seed.
pub(super) enum End {
    /// It is laid.
    Laid,
    /// It is of another environment, and cargo may be back in that.
    Unlike,
    /// It will not be laid any more.
    Stale,
    /// There is nothing to lay it with, or no room for it.
    Unserved,
}

/// Lays the seed, if all is as it was. What cannot be laid, cargo asks for.
pub(super) fn lay(seed: &Seed, pieces: &Pieces, wanted: &Wanted, vars: &Vars) -> End {
    let began = SystemTime::now();
    if !seed.has_the_variables_of(wanted) {
        return End::Unlike;
    }
    let units: Vec<&Unit> = seed.units.iter().filter(|unit| unit.is_there()).collect();
    if seed.absent.iter().any(|path| path.exists()) || units.is_empty() {
        return End::Stale;
    }
    let Ok((context, index, builder)) = workshop::store(vars) else {
        return End::Unserved;
    };
    match is_as_it_was(seed, wanted, vars, &index, &builder) {
        Ok(true) => {}
        Ok(false) => return End::Stale,
        Err(_) => return End::Unserved,
    }
    // Whether it is there was seen long ago, and two may begin at once.
    if std::fs::create_dir(&wanted.target).is_err() {
        return End::Unserved;
    }
    // As cargo marks a directory that it makes.
    let tag = seed.tag.map(|tag| pieces.get(tag));
    let _ = tag.map(|tag| std::fs::write(wanted.target.join("CACHEDIR.TAG"), tag));
    let laying = wanted.target.join(LAYING);
    // By this, who looks for what was cut off knows that it is not.
    let held = make(&laying).and_then(|()| File::open(&laying).map_err(Error::io("opening", &laying)));
    let Ok(held) = held else { return End::Unserved };
    if matches!(held.try_lock(), Err(TryLockError::WouldBlock)) {
        return End::Unserved;
    }
    let hand = Hand {
        seed,
        pieces,
        workspace: wanted.workspace(),
        target: &laying,
        program: &builder.program,
    };
    let laid = hand.all(&units).and_then(|()| appear(&laying, &wanted.target));
    let _ = std::fs::remove_dir_all(&laying);
    // A part of it may have appeared.
    roots::mark_laid(&wanted.target, &builder, &context.system);
    if laid.is_err() {
        return End::Unserved;
    }
    note(seed, &units, wanted, &index, began);
    End::Laid
}

/// Notes of each unit that it is there, for `stats`.
fn note(seed: &Seed, units: &[&Unit], wanted: &Wanted, index: &Index, began: SystemTime) {
    let took = began.elapsed().map(journal::micros_of).unwrap_or_default() / units.len() as u64;
    for unit in units {
        let Ok(mut entry) = serde_json::from_str::<Entry>(&unit.entry) else {
            continue;
        };
        entry.outcome = Outcome::Hit;
        entry.dir = wanted.target.join(&unit.dir);
        entry.start = journal::micros(began);
        entry.took = Some(took);
        let source = entry.source.as_deref();
        let vendored = source.and_then(|source| source.strip_prefix(&seed.workspace).ok());
        entry.source = vendored
            .map(|source| wanted.workspace().join(source))
            .or(entry.source);
        journal::note(index.cache(), entry);
    }
}

/// Whether the sources are what they were, and nothing was learned of a unit since.
///
/// # Errors
/// It cannot be told: a source is not there yet, or the store is out of reach.
fn is_as_it_was(
    seed: &Seed,
    wanted: &Wanted,
    vars: &Vars,
    index: &Index,
    builder: &Builder,
) -> std::result::Result<bool, Unserved> {
    let store_dir = vars.store_dir();
    let is_known = |base: &String| seed.knows(&index.tracked(base));
    let bases = in_parts(&seed.bases, |part| part.iter().all(is_known));
    if !bases.into_iter().all(|is| is) {
        return Ok(false);
    }
    let is_same = |source: &Source| source.is_as_it_was(wanted.workspace(), &store_dir, index, builder);
    let parts = in_parts(&seed.sources, |part| part.iter().map(is_same).collect());
    let parts: Vec<Vec<bool>> = parts.into_iter().collect::<std::result::Result<_, Unserved>>()?;
    Ok(parts.into_iter().flatten().all(|is| is))
}

/// Does it with parts of the whole at once.
fn in_parts<'a, T: Sync, R: Send>(all: &'a [T], some: impl Fn(&'a [T]) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(HANDS);
    let some = &some;
    std::thread::scope(|scope| {
        let parts = all.chunks(all.len().div_ceil(threads).max(1));
        // Where no more processes are allowed, this one does it.
        let begin = |part| {
            let begun = std::thread::Builder::new().spawn_scoped(scope, move || some(part));
            begun.map_err(|_| part)
        };
        let begun: Vec<_> = parts.map(begin).collect();
        let end = |part: std::result::Result<std::thread::ScopedJoinHandle<R>, &'a [T]>| match part {
            Ok(begun) => begun
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(part) => some(part),
        };
        begun.into_iter().map(end).collect()
    })
}

impl Source {
    fn is_as_it_was(
        &self,
        workspace: &Path,
        store_dir: &Path,
        index: &Index,
        builder: &Builder,
    ) -> std::result::Result<bool, Unserved> {
        let origin = Origin {
            root: workspace.join(&self.root),
            name: self.name.clone(),
        };
        let import = |item| builder.import(item).map_err(Unserved::from);
        Ok(source::of(&origin, store_dir, index, import)?.input.path == self.path)
    }
}

impl Unit {
    fn is_there(&self) -> bool {
        Path::new(&self.path).join("unit").is_dir() && Path::new(&self.derivation).exists()
    }
}

/// Each profile's directory, or that of a triple, to where cargo looks for it.
fn appear(laying: &Path, target: &Path) -> Result<()> {
    for entry in std::fs::read_dir(laying).map_err(Error::io("reading", laying))? {
        let entry = entry.map_err(Error::io("reading", laying))?;
        let path = target.join(entry.file_name());
        std::fs::rename(entry.path(), &path).map_err(Error::io("making", &path))?;
    }
    Ok(())
}

/// What lays.
struct Hand<'a> {
    seed: &'a Seed,
    pieces: &'a Pieces,
    workspace: &'a Path,
    target: &'a Path,
    program: &'a Path,
}

impl<'a> Hand<'a> {
    fn all(&self, units: &[&'a Unit]) -> Result<()> {
        let stamp = self.stamp()?;
        let lay = |part: &[&Unit]| part.iter().try_for_each(|unit| self.unit(unit, stamp));
        in_parts(units, lay).into_iter().collect()
    }

    /// The instant of all that is laid, by the clock of the file system: what cargo
    /// writes later is not older.
    fn stamp(&self) -> Result<SystemTime> {
        let path = self.target.join("stamp");
        std::fs::write(&path, "").map_err(Error::io("writing", &path))?;
        let modified = path.metadata().and_then(|metadata| metadata.modified());
        let stamp = modified.map_err(Error::io("reading", &path))?;
        std::fs::remove_file(&path).map_err(Error::io("removing", &path))?;
        Ok(stamp)
    }

    fn unit(&self, unit: &Unit, stamp: SystemTime) -> Result<()> {
        let dir = self.target.join(&unit.dir);
        let fingerprint = self.target.join(&unit.fingerprint);
        make(&fingerprint)?;
        match &unit.kind {
            Kind::Compile { stem, key, dep_info } => {
                make(&dir)?;
                let record = Record {
                    path: unit.path.clone(),
                    derivation: unit.derivation.clone(),
                    seconds: None,
                    tracked: Tracked::default(),
                    base: String::new(),
                };
                let text = String::from_utf8_lossy(&dep_info.map_or_else(Vec::new, |text| self.here(text)))
                    .into_owned();
                let here = Here {
                    shim: (!dir.ends_with("deps") && stem.starts_with("build_script_"))
                        .then_some(self.program),
                    dep_info: &|_| text.clone(),
                    stamp: Some(stamp),
                };
                place::unit(key, &record, &dir, stem, &here)?;
            }
            Kind::Run { files } => {
                let out = dir.join("out");
                out_dir::copy(&Path::new(&unit.path).join("out"), &out)?;
                for (name, text) in files {
                    write(&dir.join(name), &self.here(*text), stamp)?;
                }
                Run::record(&unit.path, &unit.derivation, &out)?;
            }
        }
        let mut notes = unit.notes.iter();
        notes.try_for_each(|(name, text)| write(&fingerprint.join(name), self.pieces.get(*text), stamp))
    }

    /// A text with this workspace in the place of the other.
    fn here(&self, text: Piece) -> Vec<u8> {
        let [from, to] =
            [&*self.seed.workspace, self.workspace].map(|path: &Path| path.as_os_str().as_encoded_bytes());
        moved(self.pieces.get(text), from, to)
    }
}

fn make(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(Error::io("creating", dir))
}

fn write(path: &Path, bytes: &[u8], stamp: SystemTime) -> Result<()> {
    use std::io::Write;
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.set_modified(stamp)
    };
    write().map_err(Error::io("writing", path))
}
