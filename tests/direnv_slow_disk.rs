//! A file system on the network, where each look at a file takes its time.

mod common;
mod direnv_help;

use common::{both, run, success};
use direnv_help::{Session, shell};
use std::process::Command;
use std::time::Instant;

const SHIM: &str = include_str!("direnv_help/slow_stat.c");

/// No time is asserted, as tests run on busy machines: it is printed. `make
/// bench` has a row for the hook.
#[test]
fn a_load_looks_at_few_files() {
    let mut session = Session::with(&shell("slow"));
    session.until("ready");
    let source = session.world.write("slow.c", SHIM);
    let shim = session.world.path().join("slow.so");
    success(
        Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&shim, &source])
            .arg("-ldl"),
    );
    let load = |slow: bool| {
        let mut command = session.program("cargo-nix");
        command.args(["direnv", "export"]);
        if slow {
            command.env("LD_PRELOAD", &shim);
        }
        let began = Instant::now();
        let output = run(&mut command);
        let time = began.elapsed();
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("ready"),
            "{}",
            both(&output)
        );
        time
    };
    let least = |slow| (0..5).map(|_| load(slow)).min().expect("a load");
    let (quick, slow) = (least(false), least(true));
    println!("a load: {quick:?}, and {slow:?} where each stat takes 0.5 ms more");
}
