//! The input set, found statically: from the layers' crate-env.nix and the
//! pins, each path literal is followed, imports transitively.
//!
//! Promises: it ends, whatever files and links there are; it reads nothing
//! outside the root; what it finds depends on the contents below the root and
//! on nothing else. Everything it looked at is recorded, what was not there
//! included, so that [`super::manifest`] can tell when to look again.
//!
//! A file that an expression names must be readable and inside the root: if it
//! is not, that is an error with the place of the literal. What is only swept
//! up with a directory is not held to that where it can be avoided.

use super::faults::{self, Origin};
use super::findings::{Finding, is_silent};
use super::literals;
use super::manifest::{Manifest, Record, Seen, hash_file, join};
use super::reach::{Looks, Reach, What};
use super::resolve::{Way, normalise};
use super::scan::{self, Entry, Sweep};
use super::stat::{Kind, Stat};
use super::{Layout, key, stat};
use crate::bounded;
use crate::error::{Error, Result};
use crate::project::Project;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Bytes of all files of an input set. They are hashed at a prompt, before anyone
/// agreed to anything, and copied into the store: what is more is a mistake.
const MOST: u64 = 512 << 20;

/// A file that a literal names is read if it may be an expression, whatever its
/// name; larger ones are data.
const MOST_OF_A_GUESS: u64 = 64 << 10;

/// Stands for the hash of contents that are not read yet.
const LATER: [u8; 32] = [0; 32];

/// A path still to be looked at.
#[derive(Clone)]
struct Task {
    /// Relative to the root, without `..`, links not followed.
    path: PathBuf,
    what: What,
    reach: Reach,
    origin: Option<Rc<Origin>>,
}

/// A discovery under way.
pub(super) struct Walk<'a> {
    pub(super) root: &'a Path,
    pub(super) records: BTreeMap<PathBuf, Record>,
    /// Directories that were found, their paths free of links; all on the way
    /// to them is recorded.
    pub(super) directories: HashSet<PathBuf>,
    /// Contents known from an older manifest, by path.
    known: HashMap<&'a Path, (Stat, [u8; 32])>,
    tasks: Vec<Task>,
    read: HashMap<PathBuf, Reach>,
    swept: HashMap<PathBuf, (Sweep, bool, Reach)>,
    findings: BTreeSet<Finding>,
    /// Of the files that are members so far.
    bytes: u64,
    /// Files whose contents are hashed when all is found: a set that is too large
    /// or at fault costs a prompt no reading.
    unhashed: Vec<(PathBuf, Task)>,
    /// So many bytes of them are read at most.
    most: Option<u64>,
}

/// Discovers the input set of `project`. Contents whose stat is that of `old`
/// are not read again, but for Nix files. `most`: so many bytes are read, at most,
/// of files that need only be hashed.
///
/// # Errors
/// [`Error::Project`] with the place of the literal at fault, [`Error::Io`].
pub(super) fn discover(
    project: &Project,
    layout: Layout,
    old: Option<&Manifest>,
    most: Option<u64>,
) -> Result<Manifest> {
    let read_at = stat::now();
    let mut walk = Walk::below(&project.root, old);
    walk.most = most;
    let metadata = walk.run(&layout)?;
    let Walk {
        records, findings, ..
    } = walk;
    let records: Vec<(PathBuf, Record)> = records.into_iter().collect();
    let digest = key::digest(&layout, &metadata, &records);
    Ok(Manifest {
        read_at,
        layout,
        digest,
        metadata,
        findings: findings.into_iter().collect(),
        records,
    })
}

/// What a discovery that fails has looked at until then, absolute; directories
/// that were only passed through are left out. `None` if it does not fail.
pub(super) fn looked_at(project: &Project, layout: &Layout) -> Option<Vec<PathBuf>> {
    let mut walk = Walk::below(&project.root, None);
    walk.run(layout).err()?;
    let counts = |record: &Record| {
        let is_directory = record.stat.is_some_and(|stat| stat.kind() == Kind::Directory);
        record.seen != Seen::Kind || !is_directory
    };
    let records = walk.records.iter().filter(|(_, record)| counts(record));
    Some(records.map(|(path, _)| join(&project.root, path)).collect())
}

fn known(old: &Manifest) -> HashMap<&Path, (Stat, [u8; 32])> {
    old.records
        .iter()
        .filter_map(|(path, record)| match (&record.seen, record.stat) {
            (Seen::File(hash), Some(stat)) if !stat.is_young(old.read_at) => {
                Some((path.as_path(), (stat, *hash)))
            }
            _ => None,
        })
        .collect()
}

impl<'a> Walk<'a> {
    fn below(root: &'a Path, old: Option<&'a Manifest>) -> Walk<'a> {
        Walk {
            root,
            records: BTreeMap::new(),
            directories: HashSet::new(),
            known: old.map(known).unwrap_or_default(),
            unhashed: Vec::new(),
            most: None,
            tasks: Vec::new(),
            read: HashMap::new(),
            swept: HashMap::new(),
            findings: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// Looks at all there is; gives the metadata tables.
    fn run(&mut self, layout: &Layout) -> Result<String> {
        let metadata = self.start(layout)?;
        while let Some(task) = self.tasks.pop() {
            self.visit(task)?;
        }
        let unhashed = std::mem::take(&mut self.unhashed);
        if let Some(most) = self.most {
            let records = unhashed.iter().filter_map(|(real, _)| self.records.get(real));
            let sizes = records.filter_map(|record| record.stat.map(|stat| stat.size()));
            let bytes = sizes.fold(0, u64::saturating_add);
            if bytes > most {
                return Err(faults::unread(bytes));
            }
        }
        for (real, task) in unhashed {
            self.hash(&real, &task)?;
        }
        Ok(metadata)
    }

    fn hash(&mut self, real: &Path, task: &Task) -> Result<()> {
        let Some(Record {
            stat: Some(stat),
            seen,
            ..
        }) = self.records.get(real)
        else {
            return Ok(());
        };
        if matches!(seen, Seen::File(hash) if *hash != LATER) {
            return Ok(());
        }
        let stat = *stat;
        match hash_file(&join(self.root, real)) {
            Ok(hash) => self.put(real, stat, Seen::File(hash), true),
            Err(_) if matches!(task.what, What::Within(Sweep::NixSide)) => {
                self.records.remove(real);
                self.put(real, stat, Seen::Unreadable, false);
            }
            Err(error) => return Err(self.unreadable(real, &error, task)),
        }
        Ok(())
    }

    /// Has `path` looked at, which no literal names.
    pub(super) fn queue(&mut self, path: PathBuf, what: What, reach: Reach) {
        self.tasks.push(Task {
            path,
            what,
            reach,
            origin: None,
        });
    }

    fn visit(&mut self, task: Task) -> Result<()> {
        let (real, stat) = match self.resolve(&task.path) {
            Way::Found(real, stat) => (real, stat),
            Way::Absent => return Ok(()),
            _ if !task.reach.named => return Ok(()),
            Way::Outside { link, target } => {
                return Err(faults::outside(self.root, &link, &target, task.origin.as_deref()));
            }
            Way::Fault { path, error } => return Err(self.unreadable(&path, &error, &task)),
        };
        match (stat.kind(), task.what) {
            (Kind::File { .. }, _) => self.file(&real, stat, &task),
            (Kind::Directory, What::Import) => {
                self.tasks.push(Task {
                    path: task.path.join("default.nix"),
                    ..task
                });
                Ok(())
            }
            (Kind::Directory, What::Any) => {
                self.sweep(&real, Sweep::Whole, true, &task)?;
                self.tasks.push(Task {
                    path: task.path.join("default.nix"),
                    what: What::Import,
                    ..task
                });
                Ok(())
            }
            (Kind::Directory, What::Within(sweep)) => self.sweep(&real, sweep, false, &task),
            (Kind::Special, _) if task.reach.named => {
                Err(faults::special(&join(self.root, &real), task.origin.as_deref()))
            }
            (Kind::Directory, What::Plain | What::Flake) | (Kind::Special | Kind::Link, _) => Ok(()),
        }
    }

    /// A file becomes a member; an expression is read for its literals.
    fn file(&mut self, real: &Path, stat: Stat, task: &Task) -> Result<()> {
        let absolute = join(self.root, real);
        let is_nix = || real.extension().is_some_and(|e| e == "nix");
        let is_expression = match task.what {
            What::Import | What::Flake => true,
            What::Plain => false,
            What::Any | What::Within(_) => is_nix(),
        };
        if is_expression {
            return self.expression(real, stat, task, None);
        }
        let is_guess = matches!(task.what, What::Any) && stat.size() <= MOST_OF_A_GUESS;
        let guess = is_guess
            .then(|| bounded::read(&absolute, MOST_OF_A_GUESS).ok())
            .flatten();
        if guess.as_deref().is_some_and(literals::may_lead_on) {
            let reach = task.reach.perhaps();
            let task = Task {
                reach,
                ..task.clone()
            };
            return self.expression(real, stat, &task, guess);
        }
        let known = match self.records.get(real).map(|record| &record.seen) {
            Some(Seen::File(hash)) => Some(*hash),
            _ => {
                self.bytes = self.bytes.saturating_add(stat.size());
                if self.bytes > MOST {
                    return Err(faults::too_much(&absolute, MOST, task.origin.as_deref()));
                }
                let known = self.known.get(real).filter(|(old, _)| *old == stat);
                // Of the bytes that were looked through.
                let read = guess.map(|bytes| *blake3::hash(&bytes).as_bytes());
                read.or(known.map(|(_, hash)| *hash))
            }
        };
        let hash = known.unwrap_or(LATER);
        if hash == LATER {
            self.unhashed.push((real.to_path_buf(), task.clone()));
        }
        self.put(real, stat, Seen::File(hash), true);
        Ok(())
    }

    /// `bytes`: if they are read already.
    fn expression(&mut self, real: &Path, stat: Stat, task: &Task, bytes: Option<Vec<u8>>) -> Result<()> {
        let Some(base) = self.base(&task.path) else {
            return Ok(());
        };
        let name = base.join(real.file_name().unwrap_or_default());
        let before = self.read.get(&name).copied();
        let reach = before.unwrap_or_default().with(task.reach);
        if before == Some(reach) {
            return Ok(());
        }
        self.read.insert(name, reach);
        let absolute = join(self.root, real);
        let read = || bounded::read(&absolute, bounded::LARGE);
        let bytes = match bytes.map_or_else(read, Ok) {
            Ok(bytes) => bytes,
            Err(_) if matches!(task.what, What::Within(Sweep::NixSide)) => {
                self.put(real, stat, Seen::Unreadable, false);
                return Ok(());
            }
            Err(error) => return Err(self.unreadable(real, &error, task)),
        };
        self.put(real, stat, Seen::File(*blake3::hash(&bytes).as_bytes()), true);
        let source = match std::str::from_utf8(&bytes) {
            Ok(source) => source,
            Err(_) if !reach.named => return Ok(()),
            Err(error) => return Err(faults::not_utf8(&absolute, &bytes, error.valid_up_to())),
        };
        let found = literals::read(source).map_err(|offset| faults::too_long(&absolute, source, offset))?;
        let speaks_of_us = matches!(task.what, What::Flake) && source.contains("cargoNix");
        let reach = Reach {
            looks: reach.looks.max(if speaks_of_us {
                Looks::NotUnseen
            } else {
                Looks::Free
            }),
            ..reach
        };
        if !is_generated(real) {
            let counts = |name: &str| match reach.looks {
                Looks::Free => false,
                Looks::NotUnseen => is_silent(name),
                Looks::Never => true,
            };
            for used in found.uses.into_iter().filter(|used| counts(used.name)) {
                let (line, column) = literals::place(source, used.offset);
                let file = real.to_string_lossy().into_owned();
                let name = used.name.to_owned();
                self.findings.insert(Finding {
                    file,
                    line,
                    column,
                    name,
                });
            }
        }
        for literal in found.literals {
            let Some(path) = normalise(&base, Path::new(&literal.text)) else {
                continue;
            };
            let origin = Origin::at(&absolute, source, literal.offset, literal.text);
            let what = if literal.import { What::Import } else { What::Any };
            self.tasks.push(Task {
                path,
                what,
                reach,
                origin: Some(Rc::new(origin)),
            });
        }
        Ok(())
    }

    /// A directory counts: whole, or for its Nix side.
    fn sweep(&mut self, real: &Path, sweep: Sweep, named: bool, task: &Task) -> Result<()> {
        let before = self.swept.get(real).copied();
        let all = match before {
            Some((old, was_named, reach)) => (old.max(sweep), was_named || named, reach.with(task.reach)),
            None => (sweep, named, task.reach),
        };
        if before == Some(all) {
            return Ok(());
        }
        self.swept.insert(real.to_path_buf(), all);
        let (sweep, named, reach) = all;
        let Some(stat) = self.records.get(real).and_then(|record| record.stat) else {
            return Ok(());
        };
        let listing = match scan::list(&join(self.root, real), sweep, named, real.as_os_str().is_empty()) {
            Ok(listing) => listing,
            Err(_) if sweep == Sweep::NixSide => {
                self.put(real, stat, Seen::Unreadable, false);
                return Ok(());
            }
            Err(scan::Fault::Io(error)) => return Err(self.unreadable(real, &error, task)),
            Err(scan::Fault::Name(name)) => {
                return Err(faults::name(
                    &join(self.root, real),
                    &name,
                    task.origin.as_deref(),
                ));
            }
        };
        let whole = listing.sweep == Sweep::Whole;
        self.put(
            real,
            stat,
            Seen::Listing {
                sweep,
                named,
                hash: listing.hash,
            },
            whole,
        );
        for (name, kind) in listing.entries {
            let path = real.join(name);
            let what = if kind == Entry::Link {
                What::Any
            } else {
                What::Within(listing.sweep)
            };
            self.tasks.push(Task {
                path,
                what,
                reach: reach.perhaps(),
                origin: task.origin.clone(),
            });
        }
        Ok(())
    }

    /// Records what was seen; a member stays one.
    pub(super) fn put(&mut self, path: &Path, stat: Stat, seen: Seen, member: bool) {
        let member = member || self.records.get(path).is_some_and(|record| record.member);
        self.records.insert(
            path.to_path_buf(),
            Record {
                stat: Some(stat),
                seen,
                member,
            },
        );
    }

    fn unreadable(&self, path: &Path, error: &std::io::Error, task: &Task) -> Error {
        faults::unreadable(&join(self.root, path), error, task.origin.as_deref())
    }
}

/// The code that npins generates asks for variables that override a pin, and
/// takes their absence for an answer.
fn is_generated(path: &Path) -> bool {
    path.ends_with("npins/default.nix")
}
