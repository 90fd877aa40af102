//! Cargo's own `OUT_DIR` of a script that ran in the sandbox: copies of what is
//! in the store's, for whoever does not ask us (rustdoc, editors, a cargo outside
//! of the environment). Objects and archives are left where they are, and nothing
//! is linked, so that a script that runs here without us cannot write into the
//! store.

use super::directives;
use crate::error::{Error, Result};
use crate::sealed;
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What only a linker reads; it is told where that is in the store.
const LINKED: [&str; 4] = ["a", "d", "o", "obj"];
/// Larger files are no source that is included.
const LARGE: u64 = 64 << 20;

/// Copies; gives the directories below `from` that hold shared libraries.
///
/// # Errors
/// The store cannot be read, or the target directory not written.
pub fn copy(from: &Path, to: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut shared = BTreeSet::new();
    copy_below(from, to, &mut shared)?;
    Ok(shared)
}

/// The name of something that the script of the run at `run` has put into the
/// directory of its profile, where no more than `build` is cargo's and its own.
pub fn beside(run: &Path) -> Option<PathBuf> {
    let out = run.join("out").canonicalize().ok()?;
    // `target/<profile>/build/<package>/out`
    let profile = out.ancestors().nth(3)?;
    let entries = std::fs::read_dir(profile).ok()?.flatten();
    let mut names = entries.map(|entry| PathBuf::from(entry.file_name()));
    names.find(|name| name.as_os_str() != "build")
}

fn copy_below(from: &Path, to: &Path, shared: &mut BTreeSet<PathBuf>) -> Result<()> {
    std::fs::create_dir_all(to).map_err(Error::io("creating", to))?;
    let entries = std::fs::read_dir(from)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .map_err(Error::io("reading", from))?;
    // Whoever is led to such a directory finds all that is in it.
    let is_shared = entries
        .iter()
        .any(|entry| is_shared(&entry.file_name().to_string_lossy()));
    if is_shared {
        shared.insert(from.to_path_buf());
    }
    for entry in entries {
        let path = entry.path();
        // What a link leads to is what whoever opens it gets.
        let Ok(metadata) = path.metadata() else { continue };
        let target = to.join(entry.file_name());
        let is_linked = path
            .extension()
            .is_some_and(|kind| LINKED.iter().any(|is| kind == *is));
        let is_wanted = is_shared || metadata.len() <= LARGE && !is_linked;
        if metadata.is_dir() {
            if !path.is_symlink() {
                copy_below(&path, &target, shared)?;
            }
        } else if metadata.is_file() && is_wanted {
            let bytes = std::fs::read(&path).map_err(Error::io("reading", &path))?;
            sealed::replace(&target, &[&bytes])?;
            let mode = if metadata.mode() & 0o111 == 0 {
                0o644
            } else {
                0o755
            };
            std::fs::set_permissions(&target, Permissions::from_mode(mode))
                .map_err(Error::io("writing", &target))?;
        }
    }
    Ok(())
}

/// `libx.so`, `libx.so.1`, `libx.dylib`.
fn is_shared(name: &str) -> bool {
    name.ends_with(".so") || name.ends_with(".dylib") || name.contains(".so.")
}

/// The script's output with those of its `rustc-link-search` lines that name a
/// directory with shared libraries led to the copy `to` of `from`: only below
/// its target directory does cargo put such a directory where programs that it
/// runs look for libraries.
pub fn lead_home(stdout: Vec<u8>, from: &Path, to: &Path, shared: &BTreeSet<PathBuf>) -> Vec<u8> {
    let (Some(from), Some(to)) = (from.to_str(), to.to_str()) else {
        return stdout;
    };
    let is_meant = |key: &str, value: &str| {
        let path = Path::new(value.split_once('=').map_or(value, |(_, path)| path));
        key == "rustc-link-search" && shared.contains(path)
    };
    directives::changed(&stdout, is_meant, |line| line.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_objects_is_copied_and_shared_libraries_are_led_home() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("store"), dir.path().join("target"));
        std::fs::create_dir_all(from.join("lib")).unwrap();
        for file in ["table.bin", "x.o", "libx.a", "lib/libx.so.1", "lib/liby.a"] {
            std::fs::write(from.join(file), file).unwrap();
        }
        let shared = copy(&from, &to).unwrap();
        assert_eq!(shared, [from.join("lib")].into());
        let there = |file: &str| to.join(file).exists();
        assert_eq!(
            ["table.bin", "x.o", "libx.a", "lib/libx.so.1", "lib/liby.a"].map(there),
            [true, false, false, true, true]
        );

        let from_text = from.display();
        let stdout = format!(
            "cargo:rustc-link-search=native={from_text}/lib\ncargo:rustc-link-search={from_text}\n\
             cargo:root={from_text}/lib\n"
        );
        let led = lead_home(stdout.into_bytes(), &from, &to, &shared);
        let expected = format!(
            "cargo:rustc-link-search=native={}/lib\ncargo:rustc-link-search={from_text}\ncargo:root={from_text}/lib\n",
            to.display()
        );
        assert_eq!(String::from_utf8(led).unwrap(), expected);
    }
}
