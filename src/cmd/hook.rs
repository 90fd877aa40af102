//! `cargo-nix hook SHELL`: the file of the shell's own language, as it is.

use super::output;
use crate::cli::HookArgs;
use crate::error::Result;
use std::process::ExitCode;

pub(super) fn run(args: &HookArgs) -> Result<ExitCode> {
    output::print(args.shell.hook())?;
    Ok(ExitCode::SUCCESS)
}
