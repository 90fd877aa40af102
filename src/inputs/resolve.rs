//! From a path as an expression names it to the file it means, link by link,
//! without ever leaving the root.

use super::discover::Walk;
use super::manifest::{Record, Seen, join};
use super::stat::{self, Kind, Stat};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links on one way as the kernel follows.
const MOST_LINKS: usize = 40;

/// Where a path leads.
pub(super) enum Way {
    /// Nowhere; looking again is recorded.
    Absent,
    /// To this file, its path free of links.
    Found(PathBuf, Stat),
    /// Out of the root, through this link.
    Outside { link: PathBuf, target: PathBuf },
    /// To a file that cannot be looked at.
    Fault { path: PathBuf, error: std::io::Error },
}

impl Walk<'_> {
    /// Follows `path` (relative to the root, without `..`). Records each step;
    /// links on the way become members of the input set.
    pub(super) fn resolve(&mut self, path: &Path) -> Way {
        // From the root each time, a deep tree would take a time of the third power.
        let known = path.parent().filter(|parent| self.directories.contains(*parent));
        let mut here = known.unwrap_or(Path::new("")).to_path_buf();
        let mut ahead: VecDeque<OsString> = names(path.strip_prefix(&here).unwrap_or(path));
        let mut links = 0;
        let mut found = match self.look(&here) {
            Ok(Some(stat)) => stat,
            Ok(None) => return Way::Absent,
            Err(error) => return Way::Fault { path: here, error },
        };
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&name);
            let stat = match self.look(&next) {
                Ok(Some(stat)) => stat,
                Ok(None) => return Way::Absent,
                Err(error) => return Way::Fault { path: next, error },
            };
            if stat.kind() != Kind::Link {
                if stat.kind() != Kind::Directory && !ahead.is_empty() {
                    return Way::Absent;
                }
                here = next;
                found = stat;
                continue;
            }
            let Some(target) = self.link(&next, stat) else {
                return Way::Absent;
            };
            links += 1;
            if links > MOST_LINKS {
                return Way::Absent;
            }
            if target.is_absolute() || climbs_out(&here, &target) {
                return Way::Outside { link: next, target };
            }
            for name in names(&target).into_iter().rev() {
                ahead.push_front(name);
            }
        }
        // A `..` of a link's target may have ended the way.
        if let Ok(Some(stat)) = self.look(&here) {
            found = stat;
        }
        if found.kind() == Kind::Directory {
            self.directories.insert(here.clone());
        }
        Way::Found(here, found)
    }

    /// The path under which Nix would know an imported file: a link at its end
    /// is replaced by its target, links on the way are kept.
    pub(super) fn base(&mut self, path: &Path) -> Option<PathBuf> {
        let mut path = path.to_path_buf();
        for _ in 0..MOST_LINKS {
            let parent = path.parent()?.to_path_buf();
            let Way::Found(real, _) = self.resolve(&parent) else {
                return None;
            };
            match self
                .records
                .get(&real.join(path.file_name()?))
                .map(|record| &record.seen)
            {
                Some(Seen::Link(target)) => path = normalise(&parent, Path::new(target))?,
                _ => return Some(parent),
            }
        }
        None
    }

    /// `lstat`, recorded.
    pub(super) fn look(&mut self, path: &Path) -> std::io::Result<Option<Stat>> {
        if let Some(record) = self.records.get(path) {
            return Ok(record.stat);
        }
        let stat = stat::look(&join(self.root, path))?;
        let seen = if stat.is_some() { Seen::Kind } else { Seen::Absent };
        self.records.insert(
            path.to_path_buf(),
            Record {
                stat,
                seen,
                member: false,
            },
        );
        Ok(stat)
    }

    /// The target of a link, which becomes a member. `None` if it is gone by
    /// now, or not UTF-8: then it is as good as absent.
    fn link(&mut self, path: &Path, stat: Stat) -> Option<PathBuf> {
        let target = std::fs::read_link(self.root.join(path)).ok()?;
        let Some(text) = target.to_str().map(str::to_owned) else {
            let record = Record {
                stat: Some(stat),
                seen: Seen::Unreadable,
                member: false,
            };
            self.records.insert(path.to_path_buf(), record);
            return None;
        };
        let record = Record {
            stat: Some(stat),
            seen: Seen::Link(text),
            member: true,
        };
        self.records.insert(path.to_path_buf(), record);
        Some(target)
    }
}

fn names(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}

/// Whether `target`, read from the directory `here`, climbs above the root.
fn climbs_out(here: &Path, target: &Path) -> bool {
    let mut depth = here.components().count();
    for component in target.components() {
        match component {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

/// `path` from the directory `base` (relative to the root), as Nix reads a path
/// literal: `..` takes a name away without looking. `None`: out of the root.
pub(super) fn normalise(base: &Path, path: &Path) -> Option<PathBuf> {
    let mut result = base.to_path_buf();
    for component in path.components() {
        match component {
            Component::Normal(name) => result.push(name),
            Component::ParentDir if !result.pop() => return None,
            Component::RootDir | Component::Prefix(_) => return None,
            Component::ParentDir | Component::CurDir => {}
        }
    }
    Some(result)
}
