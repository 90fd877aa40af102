//! `cargo-nix hook SHELL`: the file of the shell's own language, in which stands
//! where this program is.

use super::output;
use super::start::{is_program, programs};
use crate::cli::HookArgs;
use crate::error::{Error, Result};
use crate::vars::Vars;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) fn run(args: &HookArgs) -> Result<ExitCode> {
    let called = std::env::args_os().next().unwrap_or_default();
    let ourselves = std::env::current_exe().map_err(Error::io("finding", "cargo-nix itself"))?;
    let program = as_called(&called, Vars::read().path.as_deref(), ourselves);
    let program = program.to_str().ok_or_else(|| Error::Machine {
        message: format!(
            "the path of cargo-nix is not UTF-8: {}\n  install it elsewhere: a hook has to name it",
            program.display()
        ),
    })?;
    output::print(&args.shell.hook(program))?;
    Ok(ExitCode::SUCCESS)
}

/// Where the program is, by the name it was called by: a link that an upgrade
/// leads elsewhere is not followed. Of PATH only what is absolute counts, as the
/// rest is another place in each directory.
fn as_called(called: &OsStr, path: Option<&OsStr>, ourselves: PathBuf) -> PathBuf {
    let called = Path::new(called);
    let named = if called.components().count() > 1 {
        std::path::absolute(called).ok().filter(|path| is_program(path))
    } else {
        let real = |path: &Path| path.canonicalize().ok();
        let own = real(&ourselves);
        programs(called, path.unwrap_or_default()).find(|path| real(path) == own)
    };
    named.unwrap_or(ourselves)
}
