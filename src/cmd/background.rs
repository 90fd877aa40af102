//! `cargo-nix background` and `cargo-nix fill` (hidden): the job that shells
//! start for a project, and the child of it that evaluates and builds.

use crate::background;
use crate::cli::{BackgroundArgs, ObtainArgs};
use crate::env::obtain;
use crate::error::Result;
use crate::vars::Vars;
use std::process::ExitCode;

pub(super) fn run(args: &BackgroundArgs) -> Result<ExitCode> {
    background::run(&args.obtain, args.allowed, &Vars::read())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn fill(args: &ObtainArgs) -> Result<ExitCode> {
    obtain(args, &Vars::read())?;
    Ok(ExitCode::SUCCESS)
}
