//! Nix's own programs, which may be there without being on PATH: a private libnix
//! has its own beside it.

use std::path::{Path, PathBuf};

/// What to call `name` by: itself if it is on PATH, else the one beside libnix.
pub fn find(name: &str) -> Option<PathBuf> {
    if on_path(name) {
        return Some(PathBuf::from(name));
    }
    let libraries = env!("CARGO_NIX_LIBDIRS")
        .split(':')
        .filter(|text| !text.is_empty());
    let beside =
        libraries.filter_map(|directory| Some(Path::new(directory).parent()?.join("bin").join(name)));
    beside.into_iter().find(|program| program.is_file())
}

/// Whether a program of this name is on PATH.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}
