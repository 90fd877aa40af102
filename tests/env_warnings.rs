//! Warnings about an environment: told by the evaluation, and again by whoever
//! asks for it later; through the whole program.

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
    for quiet in [false, false, true] {
        let mut command = world.cargo_nix();
        command.args(["env", "--print", "--offline", "--project", "project"]);
        let output = run(command.args(quiet.then_some("--quiet")));
        let told = both(&output);
        assert!(output.status.success(), "{told}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let misspelled = "crate-env.nix:5:3: `crates.opnessl`: Cargo.lock has no package of this name; did you mean `openssl`?";
        assert_eq!(stderr.contains(misspelled), !quiet, "{told}");
        assert!(!stderr.contains("`crates.openssl-sys`"), "{told}");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(!stdout.contains("warning"), "{told}");
    }
    // What is put right is no longer told, without another evaluation.
    let lock = world.path().join("project/Cargo.lock");
    let text = std::fs::read_to_string(&lock).expect("the lock file");
    std::fs::write(&lock, text.replace("\"openssl\"", "\"opnessl\"")).expect("written");
    let mut command = world.cargo_nix();
    command.args(["env", "--print", "--project", "project"]);
    let output = run(command.env("CARGO_NIX_EVAL", "/nonexistent"));
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        both(&output)
    );
    // What is gone from it since is told, likewise.
    std::fs::write(&lock, text).expect("written");
    let output = run(command.env("CARGO_NIX_EVAL", "/nonexistent"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("`crates.opnessl`"), "{}", both(&output));
    std::fs::remove_file(&lock).expect("removed");
    assert!(run(&mut command).stderr.is_empty());
    std::fs::write(&lock, "version = 4\n").expect("written");
    let output = run(&mut command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("`crates.openssl-sys`"), "{}", both(&output));
}

/// A project without a toolchain of the machine's.
const PLAIN: &str = "toolchain = derivation { name = \"toolchain\"; inherit system; builder = \"/bin/sh\"; \
                     args = [ \"-c\" \"echo > $out\" ]; };";

/// Another worktree of the same inputs has the same slot, but lies elsewhere.
#[test]
fn a_warning_of_the_expressions_is_told_again_with_the_place_at_hand() {
    let world = World::new();
    let text = format!("{{ system, ... }}:\nbuiltins.warn \"old: ${{toString ./.}}\" {{ {PLAIN} }}\n");
    for (project, evaluator) in [
        ("one", None),
        ("one", Some("/nonexistent")),
        ("two", Some("/nonexistent")),
    ] {
        world.write(&format!("{project}/crate-env.nix"), &text);
        let mut command = world.cargo_nix();
        command.args(["env", "--print", "--project", project]);
        let output = run(command.envs(evaluator.map(|path| ("CARGO_NIX_EVAL", path))));
        let place = world.path().canonicalize().expect("the world").join(project);
        let expected = format!("warning: old: {}\n", place.display());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && stderr.contains(&expected),
            "{}",
            both(&output)
        );
    }
}

/// A flake that nobody has locked is of no use, which is not seen by looking at it.
#[test]
fn a_flake_without_a_lock_is_told() {
    let world = World::new();
    world.write("project/crate-env.nix", "{ rust }: { }\n");
    let flake = "{\n  inputs.nixpkgs.url = \"github:NixOS/nixpkgs\";\n  outputs = inputs: { };\n}\n";
    world.write("project/flake.nix", flake);
    let told = |verb: &[&str]| {
        let mut command = world.cargo_nix();
        let output = run(command.args(verb).current_dir(world.path().join("project")));
        assert!(output.status.success(), "{}", both(&output));
        both(&output)
    };
    for _ in 0..2 {
        let text = told(&["env", "--print"]);
        assert!(
            text.contains("warning: flake.nix:2:3: there is no flake.lock")
                && text.contains("\n  run `nix flake lock`"),
            "{text}"
        );
    }
    let text = told(&["doctor"]);
    assert!(
        text.contains("flake.nix has inputs, but there is no flake.lock: the host set is used")
            && text.contains("run `nix flake lock`"),
        "{text}"
    );
    world.write("project/flake.nix", "{\n  outputs = inputs: { };\n}\n");
    assert!(!told(&["env", "--print"]).contains("warning: flake.nix"));
    assert!(told(&["doctor"]).contains("not pinned: "));
}

/// Pins without a package set among them pin nothing of the environment.
#[test]
fn pins_without_nixpkgs_are_told() {
    const LOCK: &str = r#"{ "version": 7, "root": "root", "nodes": { "root": { "inputs": { "pkgs": "a" } }, "a": {
        "flake": false, "original": { "type": "tarball", "url": "https://example.org/x.tar.gz" },
        "locked": { "type": "tarball", "url": "https://example.org/x.tar.gz",
            "narHash": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" } } } }"#;
    const FLAKE: &str = "{\n  inputs.pkgs = { url = \"https://example.org/x.tar.gz\"; flake = false; };\n  \
                         outputs = _: { };\n}\n";
    type Files<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Files<'_>, &str, &str); 4] = [
        (
            &[("flake.nix", FLAKE), ("flake.lock", LOCK)],
            "flake.lock: none of its inputs (`pkgs`) is nixpkgs",
            "flake.lock (pkgs) is nixpkgs: the host set is used",
        ),
        (
            &[(
                "npins/sources.json",
                r#"{ "pins": { "nixpkgs": { } }, "version": 5 }"#,
            )],
            "npins: it has no default.nix",
            "npins has no default.nix: the host set is used",
        ),
        (
            &[("npins/default.nix", "{ }")],
            "npins/default.nix: it has no pins",
            "has no pin `nixpkgs`: the host set is used",
        ),
        (
            &[
                ("npins/default.nix", "{ pkgs = { }; __functor = _: _: { }; }"),
                (
                    "npins/sources.json",
                    r#"{ "pins": { "pkgs": { } }, "version": 5 }"#,
                ),
            ],
            "npins/default.nix: none of its pins (`pkgs`) is called `nixpkgs`",
            "has no pin `nixpkgs`: the host set is used",
        ),
    ];
    for (files, warning, finding) in cases {
        let world = World::new();
        world.write(
            "project/crate-env.nix",
            &format!("{{ system, ... }}: {{ {PLAIN} }}\n"),
        );
        for (path, text) in files {
            world.write(&format!("project/{path}"), text);
        }
        for (verb, expected) in [
            (
                "env",
                format!("warning: {warning}, so this machine's own packages are used\n  "),
            ),
            ("doctor", finding.to_owned()),
        ] {
            let output = run(world
                .cargo_nix()
                .arg(verb)
                .current_dir(world.path().join("project")));
            let text = both(&output);
            assert!(output.status.success() && text.contains(&expected), "{text}");
        }
    }
}

/// libnix builds without a sandbox where there can be none, and says nothing.
#[test]
fn a_machine_without_a_sandbox_is_told_of() {
    let world = World::new();
    world.write(
        "project/crate-env.nix",
        &format!(
            "{{ system, ... }}: {{ {PLAIN} env.HERE = \"{}\"; }}\n",
            world.path().display()
        ),
    );
    let unshare = world.script("bin/unshare", "exit 1");
    let bin = unshare.parent().expect("bin").to_path_buf();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&common::test_path())));
    let mut command = world.cargo_nix();
    command.args(["env", "--print", "--project", "project"]);
    let output = run(command.env("PATH", path.expect("a PATH")));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let told = "warning: this machine allows no sandbox";
    assert!(
        output.status.success() && stderr.contains(told),
        "{}",
        both(&output)
    );
}
