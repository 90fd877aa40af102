//! `cargo-nix background` and `cargo-nix fill` (hidden): the job that shells
//! start for a project, and the child of it that evaluates and builds.

use crate::background;
use crate::cli::{BackgroundArgs, FillArgs};
use crate::env::obtain_only;
use crate::error::Result;
use crate::hook::outside;
use rustix::process::{Signal, getpgrp, getpid, kill_process_group};
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::process::ExitCode;

pub(super) fn run(args: &BackgroundArgs) -> Result<ExitCode> {
    background::run(&args.obtain, args.allowed, &outside::read())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn fill(args: &FillArgs) -> Result<ExitCode> {
    end_with_the_job();
    obtain_only(&args.obtain, &outside::read(), args.digest)?;
    Ok(ExitCode::SUCCESS)
}

/// The job holds the other end of our standard input and writes nothing: when
/// it closes, the job is gone, and with it whoever wanted this. Nothing of our
/// process group, which we lead, outlives that.
fn end_with_the_job() {
    let pipe = std::fs::metadata("/dev/stdin").is_ok_and(|stdin| stdin.file_type().is_fifo());
    if !pipe || getpgrp() != getpid() {
        return;
    }
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        let _ = kill_process_group(getpgrp(), Signal::KILL);
    });
}
