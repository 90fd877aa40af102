//! The calls that are not of users: cargo's, by way of `RUSTC_WRAPPER`; a build
//! script's shim's; and our own, to start the build service and to look ahead.
//!
//! They are taken before the command line is parsed: a wrapper starts for every
//! unit, and its arguments are rustc's.

use crate::build::{compile, realise, script, tree};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// The name under which this program is a wrapper of rustc.
pub const WRAPPER: &str = "cargo-nix-rustc";

/// Runs the call if it is one of these.
pub(super) fn run(args: &[OsString]) -> Option<ExitCode> {
    let (program, rest) = args.split_first()?;
    if Path::new(program).file_name().is_some_and(|name| name == WRAPPER) {
        return Some(compile::main(rest));
    }
    let (verb, rest) = rest.split_first()?;
    if verb == script::VERB {
        return Some(script::main(rest));
    }
    if verb == tree::LOOK {
        tree::look(rest);
        return Some(ExitCode::SUCCESS);
    }
    (verb == realise::SERVICE).then(|| match realise::service(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::say!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    })
}
