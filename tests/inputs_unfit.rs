//! Files that never end or never begin, found at a prompt before anything was
//! allowed: each is refused, or passed over, at once.

mod common;

use common::World;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What `cargo-nix <arguments>` says in `directory`, and how it ended.
fn told(world: &World, directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let said = world.path().join("said");
    let errors = fs::File::create(&said).expect("a file");
    let mut command = world.cargo_nix();
    command.args(arguments).current_dir(directory);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
    let mut child = command.spawn().expect("cargo-nix");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if began.elapsed() > Duration::from_secs(60) {
            child.kill().expect("killed");
            child.wait().expect("gone");
            panic!("{arguments:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    (status.code(), fs::read_to_string(said).expect("what it said"))
}

fn refused(world: &World, directory: &Path, arguments: &[&str], file: &str, reason: &str) {
    let (code, said) = told(world, directory, arguments);
    assert!(matches!(code, Some(4 | 7)), "{code:?} {said}");
    assert!(said.contains(file) && said.contains(reason), "{said}");
}

fn project(world: &World) -> PathBuf {
    world.write("p/crate-env.nix", "{ }");
    world.path().join("p")
}

fn fifo(path: &Path) {
    common::success(Command::new("mkfifo").arg(path));
}

#[test]
fn a_cargo_toml_that_never_ends() {
    let world = World::new();
    let top = project(&world);
    world.write("p/member/crate-env.nix", "{ }");
    symlink("/dev/zero", top.join("member/Cargo.toml")).expect("a link");
    refused(
        &world,
        &top.join("member"),
        &["allow"],
        "Cargo.toml",
        "is a device, not a file",
    );
}

#[test]
fn a_cargo_toml_that_never_begins() {
    let world = World::new();
    let directory = project(&world);
    fifo(&directory.join("Cargo.toml"));
    refused(
        &world,
        &directory,
        &["allow"],
        "Cargo.toml",
        "is a fifo, not a file",
    );
}

#[test]
fn a_lock_of_a_flake_that_never_begins() {
    let world = World::new();
    let directory = project(&world);
    fifo(&directory.join("flake.lock"));
    refused(
        &world,
        &directory,
        &["allow"],
        "flake.lock",
        "is a fifo, not a file",
    );
}

#[test]
fn a_cargo_lock_that_never_ends() {
    let world = World::new();
    let directory = project(&world);
    world.write("p/Cargo.toml", "[package]\nname = \"p\"\n");
    symlink("/dev/zero", directory.join("Cargo.lock")).expect("a link");
    // Whatever is no file counts as none yet.
    assert_eq!(told(&world, &directory, &["init"]).0, Some(0));
    world.write("p/flake.nix", "{ outputs = _: { }; }");
    let arguments = ["env", "--print"];
    refused(
        &world,
        &directory,
        &arguments,
        "Cargo.lock",
        "is a device, not a file",
    );
}
