//! `cargo-nix environ FILE` (hidden): writes the variables of this process to
//! the file, `NAME=value` and a NUL each. It is how `develop` learns what a
//! shellHook exported: shells' own listings are quoted each in its own way,
//! and not every system's `env` has `-0`.

use crate::cli::EnvironArgs;
use crate::error::{Error, Result};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

pub(super) fn run(args: &EnvironArgs) -> Result<ExitCode> {
    let mut text = Vec::new();
    for (name, value) in std::env::vars_os() {
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
        text.push(0);
    }
    std::fs::write(&args.file, text).map_err(Error::io("writing", &args.file))?;
    Ok(ExitCode::SUCCESS)
}
