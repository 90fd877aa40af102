//! `crates.<name>` against Cargo.lock, through the whole program.

mod common;

use common::{World, both, run};

/// A misspelled name is told with its place and the nearest right one; the
/// environment comes all the same, since Cargo.lock is not part of its key.
#[test]
fn a_crate_that_cargo_lock_does_not_have_is_told() {
    let world = World::new();
    world.write(
        "project/crate-env.nix",
        "{ rust }:\n{\n  toolchain = rust.default;\n  crates.openssl-sys = { };\n  crates.opnessl.env.A = \"1\";\n}\n",
    );
    world.write(
        "project/Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"openssl\"\nversion = \"0.10.0\"\n\n[[package]]\nname = \"openssl-sys\"\nversion = \"0.9.0\"\n",
    );
    let output = run(world
        .cargo_nix()
        .args(["env", "--print", "--offline", "--project", "project"]));
    let told = both(&output);
    assert!(output.status.success(), "{told}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("crate-env.nix:5:3: `crates.opnessl`: Cargo.lock has no package of this name; did you mean `openssl`?"),
        "{told}"
    );
    assert!(!stderr.contains("`crates.openssl-sys`"), "{told}");
    assert!(
        !String::from_utf8_lossy(&output.stdout).contains("warning"),
        "{told}"
    );
}
