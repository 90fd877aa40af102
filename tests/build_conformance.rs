//! Members of `examples/conformance`, each for something that build scripts do,
//! tested by cargo as a user would, and again in another checkout, where nothing
//! may be built. `make corpus` does the same with all of them.

mod common;

use common::units::cargo_home;
use common::{World, both, run, success};
use std::path::Path;
use std::process::{Command, Output};

/// `cargo test` of one member of the workspace in `checkout`.
fn cargo_test(world: &World, checkout: &Path, member: &str) -> Command {
    let directory = checkout.join(member);
    let mut command = world.cargo_nix();
    command
        .args(["exec", "--quiet", "--project"])
        .arg(&directory)
        .args(["--", "cargo", "test", "--locked", "-p", member])
        .current_dir(&directory)
        .env("CARGO_HOME", cargo_home())
        .env("CARGO_NIX_DEBUG", "1");
    command
}

/// What is said of units that are local and not a member's own.
fn local(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|line| line.starts_with("cargo-nix: ") && !line.contains("member of the workspace"))
        .map(str::to_owned)
        .collect()
}

/// How many units the last build of `checkout` did not find in the store.
fn built(world: &World, checkout: &Path) -> u64 {
    let asked = success(
        world
            .cargo_nix()
            .args(["stats", "--json", "--last", "1", "--project"])
            .arg(checkout),
    );
    let told: serde_json::Value = serde_json::from_str(&asked).unwrap();
    let sums = &told["builds"][0]["sums"];
    let count = |what: &str| sums[what].as_u64().unwrap_or_else(|| panic!("{asked}"));
    count("built") + count("found")
}

/// Its tests pass with all its dependencies from the store, and in a second
/// checkout nothing is built for it.
fn conforms(member: &str) {
    let world = World::new();
    for name in ["first", "second"] {
        let checkout = world.project("examples/conformance", name);
        let output = run(&mut cargo_test(&world, &checkout, member));
        assert!(output.status.success(), "{name}: {}", both(&output));
        assert!(local(&output).is_empty(), "{name}: {:#?}", local(&output));
        if name == "second" {
            assert_eq!(built(&world, &checkout), 0, "{}", both(&output));
        }
    }
}

/// Proc-macros, and scripts that ask the compiler.
#[test]
fn macros() {
    conforms("macros");
}

/// C and assembly.
#[test]
fn ring() {
    conforms("ring-sign");
}

/// pkg-config and a library of the system.
#[test]
fn openssl_of_the_system() {
    conforms("openssl-system");
}

/// cc over a large C file of the crate.
#[test]
fn sqlite_of_the_crate() {
    conforms("sqlite-bundled");
}

/// A library of the system that its crate finds without a line in crate-env.nix.
#[test]
fn sqlite_of_the_system() {
    conforms("sqlite-system");
}

/// cmake.
#[test]
fn aws_lc() {
    conforms("aws-lc");
}

/// protoc, by the member's own script.
#[test]
fn grpc() {
    conforms("grpc");
}

/// A C library in the crate that is linked with others, in crates and of the system.
#[test]
fn git() {
    conforms("git");
}

/// An interpreter, which says where its own headers and libraries are.
#[test]
fn python() {
    conforms("python");
}

/// libclang, in a sandbox and in the member's own script.
#[test]
fn bindings() {
    conforms("bindings");
}

/// A script that looks for cargo's directories above its `OUT_DIR`.
#[test]
fn beyond_out_dir() {
    conforms("beyond-out-dir");
}

/// A script that writes into its own source: its crate-env.nix says
/// `sandbox = false`, and it works as it does without us.
#[test]
fn writes_source() {
    let world = World::new();
    let checkout = world.project("examples/conformance", "first");
    let output = run(&mut cargo_test(&world, &checkout, "writes-source"));
    assert!(output.status.success(), "{}", both(&output));
    let local = local(&output);
    assert!(
        !local.is_empty() && local.iter().all(|line| line.contains("sandbox is false")),
        "{local:#?}"
    );

    // Without that line it fails, and is told of it.
    let checkout = world.project("examples/conformance", "second");
    std::fs::remove_file(checkout.join("writes-source/crate-env.nix")).unwrap();
    let output = run(&mut cargo_test(&world, &checkout, "writes-source"));
    assert!(!output.status.success(), "{}", both(&output));
    assert!(
        both(&output).contains("crates.odd-writes-source.sandbox = false;"),
        "{}",
        both(&output)
    );
}

/// A script that wants the network: its own words, then what it ran in.
#[test]
fn wants_network() {
    let world = World::new();
    let checkout = world.project("examples/conformance", "first");
    let output = run(&mut cargo_test(&world, &checkout, "wants-network"));
    assert!(!output.status.success(), "{}", both(&output));
    for part in [
        "cannot download from example.com",
        "this build script ran in a sandbox",
        "no network",
    ] {
        assert!(both(&output).contains(part), "{part}: {}", both(&output));
    }
}
