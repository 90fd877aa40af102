//! A file system on the network, where each look at a file takes its time.

mod common;
mod direnv_help;

use common::{both, run, success};
use direnv_help::{Session, shell};
use std::path::{Path, PathBuf};
use std::process::Command;

const SHIM: &str = include_str!("direnv_help/slow_stat.c");

/// At 0.5 ms each, 100 ms are so many looks. Time itself is not asserted, as tests
/// run on busy machines; `make bench` has a row for it.
const MOST: usize = 200;

fn shim(session: &Session) -> PathBuf {
    let source = session.world.write("slow.c", SHIM);
    let shim = session.world.path().join("slow.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).args([&shim, &source]);
    success(cc.arg("-ldl"));
    shim
}

/// How often this call looks at a file.
fn looks(session: &Session, shim: &Path, arguments: &[&str]) -> usize {
    let count = session.world.path().join("looks");
    let mut command = session.program("cargo-nix");
    command
        .args(arguments)
        .env("LD_PRELOAD", shim)
        .env("LOOKS", &count);
    let output = run(&mut command);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("ready"),
        "{}",
        both(&output)
    );
    let text = std::fs::read_to_string(count).expect("a count");
    text.trim().parse().expect("a number")
}

#[test]
fn a_load_and_a_prompt_look_at_few_files() {
    let mut session = Session::with(&shell("slow"));
    session.until("ready");
    success(session.program("cargo-nix").arg("allow"));
    session.variables.clear();
    let shim = shim(&session);
    for arguments in [&["direnv", "export"][..], &["prompt", "bash"]] {
        let looks = looks(&session, &shim, arguments);
        println!("{arguments:?}: {looks} looks");
        assert!((1..MOST).contains(&looks), "{arguments:?}: {looks} looks");
    }
}
