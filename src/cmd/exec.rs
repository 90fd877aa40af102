//! `cargo-nix exec -- CMD…`: the command takes this process's place, so that
//! its exit code, its signals and its terminal are its own.

use super::start;
use crate::cli::ExecArgs;
use crate::env::merge::merge;
use crate::error::Result;
use crate::hook::outside;
use std::process::ExitCode;

pub(super) fn run(args: &ExecArgs) -> Result<ExitCode> {
    let env = start::environment(&args.obtain, &outside::read())?.env;
    let changes = merge(&env, |name| std::env::var_os(name));
    start::warn(&changes.left_out);
    Err(start::replace(&args.command, &start::variables(&changes)))
}
