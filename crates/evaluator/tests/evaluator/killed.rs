//! However an evaluator ends, nothing half-written stays, and the next one works.

use crate::world::{World, line};
use cargo_nix_protocol::{Ask, Settings};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Child;

const SLOW: &str = "{ derive, ... }: { text = \"${derive \"slow\" \"echo started; read -t 60 x < /dev/zero; echo > $out\"}\"; }";
const QUICK: &str = "{ derive, ... }: { text = \"${derive \"slow\" \"echo > $out\"}\"; }";

/// An evaluator in the middle of a build, and the rest of its events.
fn building(world: &World) -> (Child, BufReader<std::process::ChildStdout>) {
    world.write("project/crate-env.nix", SLOW);
    let mut child = world.start();
    let request = line(Settings::default(), Ask::Env(world.env_ask()));
    child
        .stdin
        .as_mut()
        .expect("piped")
        .write_all(request.as_bytes())
        .expect("it reads");
    let mut events = BufReader::new(child.stdout.take().expect("piped"));
    let mut seen = String::new();
    while !seen.contains("\"started\"") {
        assert!(
            events.read_line(&mut seen).expect("it speaks") > 0,
            "it ended: {seen}"
        );
    }
    (child, events)
}

fn nothing_half_written(world: &World) {
    assert!(
        !world.path("roots").exists(),
        "roots of an environment that is not there"
    );
    world.env(QUICK).expect("the next one works");
    let left: Vec<_> = std::fs::read_dir(world.path("roots"))
        .expect("roots")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["env"]);
}

#[test]
fn killed_in_the_middle_of_a_build() {
    let world = World::with_own_store();
    let (mut child, _events) = building(&world);
    child.kill().expect("SIGKILL");
    child.wait().expect("its end");
    nothing_half_written(&world);
}

/// Ctrl-C and a service manager's stop.
#[test]
fn terminated_in_the_middle_of_a_build() {
    let world = World::with_own_store();
    let (mut child, _events) = building(&world);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("SIGTERM");
    assert!(!child.wait().expect("its end").success());
    nothing_half_written(&world);
}

/// cargo-nix was killed: nobody reads the events any more.
#[test]
fn ends_with_its_reader() {
    let world = World::with_own_store();
    let (mut child, events) = building(&world);
    drop(events);
    assert!(!child.wait().expect("its end").success());
    nothing_half_written(&world);
}
