//! Standard output of the verbs that print a report.

use crate::error::{Error, Result};
use crate::vars::Vars;
use std::io::{ErrorKind, IsTerminal, Write};

/// Writes all of `text`. A reader that has seen enough is no error.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
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
