//! Shared libraries that other packages' scripts left in their `OUT_DIR` in the
//! target directory (see [`super::out_dir`]): where they are in the store, for
//! whoever is linked with them.

use super::Local;
use super::plan::Variables;
use super::script::{RUN, Run};
use super::workshop::{Unserved, Workshop};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// In which cargo tells the dynamic linker of them.
pub const SEARCH: &str = "LD_LIBRARY_PATH";

/// The directories that cargo has the dynamic linker search.
pub fn searched(variables: &Variables) -> Vec<PathBuf> {
    let value = variables.get(OsStr::new(SEARCH));
    value.map_or(Vec::new(), |value| std::env::split_paths(value).collect())
}

/// Each `OUT_DIR` of a script's run that one of these paths is in, and where it is
/// in the store.
///
/// # Errors
/// A run was collected, and cannot be brought back.
pub fn out_dirs(paths: &[PathBuf], workshop: &Workshop) -> Result<Vec<(PathBuf, String)>, Unserved> {
    let mut found = BTreeMap::new();
    for path in paths {
        let of_a_run = |dir: &&Path| {
            dir.file_name().is_some_and(|name| name == "out") && dir.with_file_name(RUN).exists()
        };
        let Some(out_dir) = path.ancestors().find(of_a_run) else {
            continue;
        };
        if let Some(run) = Run::of(out_dir)
            && !found.contains_key(out_dir)
        {
            let input = run.input(workshop)?;
            found.insert(out_dir.to_path_buf(), format!("{}/out", input.path));
        }
    }
    Ok(found.into_iter().collect())
}

/// Those of [`searched`] that are in one of `out_dirs`, as one value, still in the
/// terms of the target directory.
///
/// # Errors
/// One of them has a colon in its name.
pub fn found(variables: &Variables, out_dirs: &[(PathBuf, String)]) -> Result<OsString, Local> {
    let mut directories = searched(variables);
    directories.retain(|path| out_dirs.iter().any(|(out_dir, _)| path.starts_with(out_dir)));
    std::env::join_paths(directories).map_err(|error| Local::because(error.to_string()))
}
