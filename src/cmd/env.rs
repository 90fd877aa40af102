//! `cargo-nix env`: print the environment, nothing else, on standard output.

use crate::cli::EnvArgs;
use crate::env;
use crate::error::Result;
use crate::vars::Vars;
use std::process::ExitCode;

pub(super) fn run(args: &EnvArgs) -> Result<ExitCode> {
    let vars = Vars::read();
    let _environment = env::obtain(&args.obtain, &vars)?;
    Ok(ExitCode::SUCCESS)
}
