//! Where things are in the store and where they are for the user: positions in
//! errors name files of the snapshot, which nobody knows.

use cargo_nix_protocol::Position;
use std::path::{Path, PathBuf};

/// What was copied into the store for an evaluation, and where it is on disk.
#[derive(Clone, Debug)]
pub struct Places {
    /// Store path of the snapshot.
    pub snapshot: String,
    /// The project's directory on disk.
    pub project: PathBuf,
    /// Store path of cargo-nix's own Nix library.
    pub library: String,
    /// The library's directory on disk.
    pub library_on_disk: PathBuf,
}

impl Places {
    /// `text` with store paths replaced by what they were copied from.
    pub fn map(&self, text: &str) -> String {
        let text = text.replace(&self.snapshot, &self.project.to_string_lossy());
        text.replace(&self.library, &self.library_on_disk.to_string_lossy())
    }

    /// `text` with a path that `../x` of the snapshot leads to replaced by the one
    /// beside, or above, the project. `source` is the expression at fault: a path
    /// that it names itself is meant as it is.
    pub fn map_above(&self, text: &str, source: &str) -> String {
        let mut parts = text.split('\'').map(|part| {
            let is_meant = !part.starts_with('/') || source.contains(part) || self.file(part).is_some();
            let above = self.above(Path::new(part)).filter(|_| !is_meant);
            above.map_or_else(|| part.to_owned(), |path| path.to_string_lossy().into_owned())
        });
        let first = parts.next().unwrap_or_default();
        parts.fold(first, |text, part| format!("{text}'{part}"))
    }

    /// As far from the project as `path` is from the snapshot.
    fn above(&self, path: &Path) -> Option<PathBuf> {
        let snapshot = Path::new(&self.snapshot);
        let (levels, rest) = snapshot
            .ancestors()
            .enumerate()
            .find_map(|(levels, above)| Some((levels, path.strip_prefix(above).ok()?)))?;
        if levels == 1 && is_base_name(rest) {
            return None;
        }
        let top = Path::new("/");
        Some(self.project.ancestors().nth(levels).unwrap_or(top).join(rest))
    }

    /// The file of the project that is `path` in the store.
    pub fn file(&self, path: &str) -> Option<PathBuf> {
        let rest = path.strip_prefix(&self.snapshot)?;
        let relative = rest.strip_prefix('/').or(rest.is_empty().then_some(""))?;
        Some(if relative.is_empty() {
            self.project.clone()
        } else {
            self.project.join(relative)
        })
    }

    /// The innermost position of a trace that lies in the project: the last
    /// `at <snapshot>/<file>:<line>:<column>:`, as libnix prints the innermost
    /// frame last.
    pub fn innermost(&self, trace: &str) -> Option<Position> {
        trace.lines().rev().find_map(|line| {
            let place = line.trim_start_matches([' ', '…', '•']).strip_prefix("at ")?;
            self.position(place.trim_end().trim_end_matches(':'))
        })
    }

    /// `<file>:<line>:<column>`.
    fn position(&self, text: &str) -> Option<Position> {
        let (rest, column) = text.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        Some(Position {
            file: self.file(file)?,
            line: line.parse().ok()?,
            column: column.parse().ok()?,
        })
    }
}

/// Whether it begins with a store path's last part.
fn is_base_name(path: &Path) -> bool {
    let first = path.iter().next().unwrap_or_default().to_string_lossy();
    first.split_once('-').is_some_and(|(hash, _)| hash.len() == 32)
}

/// Whether `path` is `directory` or below it.
pub fn below(path: &str, directory: &Path) -> bool {
    Path::new(path).starts_with(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            snapshot: "/nix/store/xyz-source".into(),
            project: "/home/me/project".into(),
            library: "/nix/store/lib-source".into(),
            library_on_disk: "/home/me/.cache/library".into(),
        }
    }

    #[test]
    fn the_innermost_position_of_the_project_wins() {
        let trace = "error:\n  … while calling\n    at /nix/store/xyz-source/crate-env.nix:1:2:\n      1| x\n  \
                     at /nix/store/xyz-source/nix/a b.nix:30:4:\n  at /nix/store/lib-source/entry.nix:7:8:\n";
        let place = places().innermost(trace).expect("a place");
        assert_eq!(
            place,
            Position {
                file: "/home/me/project/nix/a b.nix".into(),
                line: 30,
                column: 4
            }
        );
    }

    #[test]
    fn places_of_others_are_not_the_projects() {
        assert_eq!(places().innermost("at /nix/store/xyz-source2/x.nix:1:1:"), None);
        assert_eq!(places().innermost("at «string»:1:1:"), None);
    }

    #[test]
    fn a_path_beside_the_snapshot_is_one_beside_the_project() {
        let map = |text: &str| places().map_above(text, "../x/y.nix ../../z /nix/written");
        assert_eq!(map("path '/nix/store/x/y.nix' is"), "path '/home/me/x/y.nix' is");
        assert_eq!(map("path '/nix/z' is"), "path '/home/z' is");
        assert_eq!(map("path '/z' is"), "path '/z' is");
        assert_eq!(map("path '/nix/written' is"), "path '/nix/written' is");
        let other = "path '/nix/store/0123456789abcdfghijklmnpqrsvwxyz-other/y.nix' is";
        assert_eq!(map(other), other);
        assert_eq!(map("it's"), "it's");
    }

    #[test]
    fn store_paths_become_the_projects() {
        assert_eq!(
            places().map("at /nix/store/lib-source/entry.nix"),
            "at /home/me/.cache/library/entry.nix"
        );
        assert_eq!(
            places().map("no /nix/store/xyz-source/a"),
            "no /home/me/project/a"
        );
    }
}
