//! What the verbs give: to standard output, or into a file that the user names.

use crate::error::{Error, Result};
use crate::sealed;
use crate::vars::Vars;
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes all of `text` in one go. A pipe that was closed is success: the reader
/// had enough.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn print(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("writing", "standard output")(error))
        }
        _ => Ok(()),
    }
}

/// Writes `page` to the file that the user names, and says so.
///
/// # Errors
/// Those of [`file()`].
pub(super) fn page(path: &Path, page: &str, quiet: bool) -> Result<()> {
    file(path, page.as_bytes())?;
    if !quiet {
        crate::say!("wrote {}", path.display());
    }
    Ok(())
}

/// Writes a file of the user's, with the mode that he gives to all of his: beside
/// it, and renamed, so that there is the old one or the new one. A link stays one;
/// what is no file (a pipe, a device) is written into.
///
/// # Errors
/// [`Error::Usage`] for a place where there can be no file, [`Error::Io`].
pub(super) fn file(path: &Path, bytes: &[u8]) -> Result<()> {
    let refused = |why: String| Error::Usage {
        message: format!("{} cannot be written: {why}", path.display()),
    };
    let beside = |to| path.with_file_name(to); // where a link leads that leads nowhere yet
    let linked = path.canonicalize().or_else(|_| path.read_link().map(beside));
    let place = linked.unwrap_or_else(|_| path.to_owned());
    let directory = place.parent().filter(|above| !above.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    if place.is_dir() {
        return Err(refused("it is a directory\n  name a file in it".into()));
    }
    if !directory.is_dir() {
        let directory = directory.display();
        return Err(refused(format!(
            "there is no directory {directory}\n  make it first, or name another file"
        )));
    }
    if place.exists() && !place.is_file() {
        return std::fs::write(&place, bytes).map_err(Error::io("writing", path));
    }
    let mode = place
        .metadata()
        .map_or(0o666, |old| old.permissions().mode() & 0o777);
    sealed::put(directory, &place, &[bytes], mode)
}

/// Whether what is printed may be coloured.
pub(super) fn colour(vars: &Vars) -> bool {
    !vars.no_color && std::io::stdout().is_terminal()
}
