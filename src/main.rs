//! Parse, dispatch, print one error, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_nix::cmd::main(std::env::args_os())
}
