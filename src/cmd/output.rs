//! Standard output of the verbs.

use crate::error::{Error, Result};
use crate::vars::Vars;
use std::io::{ErrorKind, IsTerminal, Write};

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

/// Whether what is printed may be coloured.
pub(super) fn colour(vars: &Vars) -> bool {
    !vars.no_color && std::io::stdout().is_terminal()
}
