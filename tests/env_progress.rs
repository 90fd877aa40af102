//! What a user at a terminal sees while an environment is made.

mod common;

use common::{World, pty};
use std::fs::File;
use std::io::Read;
use std::process::Stdio;

/// The step is there while it lasts, and gone at the end; standard output has the
/// environment alone.
#[test]
fn a_terminal_shows_what_is_built_and_is_wiped() {
    let world = World::new();
    let text = format!(
        "{{ system, ... }}: {{ toolchain = derivation {{ name = \"slow-toolchain\"; inherit system; builder = \"/bin/sh\"; \
         args = [ \"-c\" \"n=0; while [ $n -lt 400000 ]; do n=$((n+1)); done; echo > $out\" ]; \
         here = \"{}\"; }}; }}\n",
        world.path().display()
    );
    world.write("project/crate-env.nix", &text);
    let (screen, line) = pty::open(24, 80);
    let mut command = world.cargo_nix();
    command
        .args(["env", "--print", "--project", "project"])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(pty::line(&line));
    let child = command.spawn().expect("it starts");
    // The line is open elsewhere as long as this is not dropped.
    drop(command);
    let mut shown = Vec::new();
    // The end of what was at the line is an error here.
    let _ = File::from(screen).read_to_end(&mut shown);
    let output = child.wait_with_output().expect("it ends");
    let shown = String::from_utf8_lossy(&shown);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("building slow-toolchain"), "{shown}");
    let after = shown.rsplit_once("slow-toolchain").expect("it was shown").1;
    assert!(after.contains("\u{1b}[2K") && !after.contains('\n'), "{after:?}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        printed.contains("export ") && !printed.contains('\u{1b}'),
        "{printed}"
    );
}
