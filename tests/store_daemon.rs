//! Users who are not root, with a daemon that builds for them.
#![cfg(target_os = "linux")]

mod common;
mod nixlib_help;
mod store_help;

use common::success;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use store_help::{HOST_SHELL, NAMELESS, NOBODY, Place};

/// The store path of the one environment in a user's cache, and its root.
fn rooted(place: &Place, uid: u32) -> (PathBuf, PathBuf) {
    let slots = fs::read_dir(place.home(uid).join(".cache/cargo-nix/slots")).expect("slots");
    let slots: Vec<PathBuf> = slots.map(|slot| slot.expect("a slot").path()).collect();
    let [slot] = slots.as_slice() else {
        panic!("one slot, not {slots:?}")
    };
    let path = fs::read_link(slot.join("env")).expect("the root");
    (path, slot.clone())
}

fn collect(place: &Place) {
    success(place.run(0, "nix-store").arg("--gc").env("NIX_REMOTE", "local"));
}

fn trust(command: &mut Command) -> Value {
    let output = common::run(command.args(["doctor", "--json"]));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == "trust");
    check.expect("a check of trust").clone()
}

#[test]
fn a_trusted_user_has_the_host_set_and_roots_that_hold() {
    let place = Place::new(HOST_SHELL);
    let daemon = place.daemon("trusted-users = root nobody");
    let remote = format!("unix://{}", daemon.socket.display());
    for remote in ["daemon", remote.as_str()] {
        let output = common::run(place.env(NOBODY).env("NIX_REMOTE", remote));
        let both = common::both(&output);
        assert!(output.status.success() && both.contains("FOO='bar'"), "{both}");
        assert!(output.stderr.is_empty(), "no warning about roots: {both}");
        assert_eq!(
            trust(place.run(NOBODY, "cargo-nix").env("NIX_REMOTE", remote))["state"],
            "ok"
        );

        let (path, slot) = rooted(&place, NOBODY);
        collect(&place);
        assert!(path.exists(), "the root holds");
        fs::remove_dir_all(slot).expect("the slot goes");
        collect(&place);
        assert!(!path.exists(), "nothing else held it");
    }
}

#[test]
fn an_untrusted_user_is_told_what_the_daemon_wants() {
    let place = Place::new(HOST_SHELL);
    let _daemon = place.daemon("");
    let refusal = place.refusal(place.env(NOBODY).env("NIX_REMOTE", "daemon"));
    insta::assert_snapshot!(refusal);
    let trust = trust(place.run(NOBODY, "cargo-nix").env("NIX_REMOTE", "daemon"));
    assert_eq!(trust["state"], "absent", "{trust}");
    insta::assert_snapshot!(place.redacted(trust["wayOut"].as_str().expect("a way out")));
}

#[test]
fn a_line_in_nix_conf_is_all_that_an_untrusted_user_needs() {
    let place = Place::new(HOST_SHELL);
    let paths = cargo_nix::host::sandbox_paths().join(" ");
    let _daemon = place.daemon(&format!("extra-allowed-impure-host-deps = {paths}"));
    // No NIX_REMOTE: libnix finds the daemon by itself.
    assert!(success(&mut place.env(NAMELESS)).contains("FOO='bar'"));
    assert_eq!(trust(&mut place.run(NAMELESS, "cargo-nix"))["state"], "ok");
    let (path, _) = rooted(&place, NAMELESS);
    collect(&place);
    assert!(path.exists(), "the root of a user without a name holds");
}

/// The fixture's programs are the machine's; here the daemon shows them to every
/// build, as it shows the store to those of nixpkgs, and no derivation asks.
#[test]
fn pinned_packages_need_no_trust() {
    let place = Place::new(
        "{ mkShell, pkg-config, openssl }:\nmkShell { packages = [ pkg-config ]; buildInputs = [ openssl ]; FOO = \"bar\"; }\n",
    );
    let set = place.world.project("tests/fixtures/package-set", "package-set");
    success(Command::new("chmod").args(["-R", "a+rX"]).arg(&set));
    let stdenv = fs::read_dir(&set)
        .expect("the set")
        .flatten()
        .map(|entry| entry.path());
    let mut asked = 0;
    for file in stdenv.filter(|file| file.extension().is_some_and(|ending| ending == "nix")) {
        let text = fs::read_to_string(&file).expect("Nix");
        asked += text.matches("__impureHostDeps = [").count();
        // An attribute that means nothing takes the place of the one that does.
        fs::write(&file, text.replace("__impureHostDeps", "hostPrograms")).expect("written");
    }
    assert_eq!(asked, 1, "the fixture asks in one place");
    let hash = cargo_nix::nar::hash(&set).expect("a hash");
    let mut lock = nixlib_help::lock(&[("nixpkgs", "package-set")]);
    lock["nodes"]["nixpkgs"]["locked"]["path"] = set.to_str().into();
    lock["nodes"]["nixpkgs"]["locked"]["narHash"] = hash.into();
    place.world.write("project/flake.lock", &lock.to_string());
    let _daemon =
        place.daemon("extra-sandbox-paths = /usr /lib=/usr/lib /lib64=/usr/lib64 /etc/alternatives");
    let text = success(place.env(NOBODY).env("NIX_REMOTE", "daemon"));
    assert!(text.contains("FOO='bar'"), "{text}");
}

#[test]
fn a_daemon_that_is_not_there() {
    let place = Place::new(HOST_SHELL);
    insta::assert_snapshot!(place.refusal(place.env(NOBODY).env("NIX_REMOTE", "daemon")));
}

/// Two users, one store: what one of them imported or built the other gets, and
/// neither sees the other's cache.
#[test]
fn two_users_share_the_store_and_nothing_else() {
    let place = Place::new("{ rust }: { env.R = \"${rust.default}\"; }\n");
    let _daemon = place.daemon("trusted-users = *");
    let rustlib = "lib/rustlib";
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let environment = |uid: u32| {
        let rustup = format!("home-{uid}/rustup");
        place.home(uid);
        let toolchain = format!("{rustup}/toolchains/stable-{triple}");
        place.world.write(
            &format!("{rustup}/settings.toml"),
            "default_toolchain = \"stable\"\n",
        );
        let manifest = format!("{toolchain}/{rustlib}/multirust-channel-manifest.toml");
        place.world.write(
            &manifest,
            "manifest-version = \"2\"\ndate = \"2026-04-16\"\n\n[pkg.rustc]\nversion = \"1.95.0 (59807616e 2026-04-14)\"\n",
        );
        let components = format!("rustc-{triple}\ncargo-{triple}\nrust-std-{triple}\n");
        place
            .world
            .write(&format!("{toolchain}/{rustlib}/components"), &components);
        for (component, file) in [
            ("rustc", "bin/rustc"),
            ("cargo", "bin/cargo"),
            ("rust-std", "lib/libstd.rlib"),
        ] {
            let manifest = format!("{toolchain}/{rustlib}/manifest-{component}-{triple}");
            place.world.write(&manifest, &format!("file:{file}\n"));
            let file = place
                .world
                .write(&format!("{toolchain}/{file}"), "#!/bin/sh\necho rustc 1.95.0\n");
            success(Command::new("chmod").arg("755").arg(file));
        }
        let rustup = place.world.path().join(rustup);
        let mut command = place.run(uid, "cargo-nix");
        command
            .args(["env", "--print"])
            .env("RUSTUP_HOME", rustup)
            .env("NIX_REMOTE", "daemon");
        let output = common::run(&mut command);
        assert!(output.status.success(), "{}", common::both(&output));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let first = environment(NOBODY);
    assert!(first.contains("building"), "the first user's is built: {first}");
    let second = environment(NAMELESS);
    assert!(!second.contains("building"), "the second finds it: {second}");
    assert_eq!(rooted(&place, NOBODY).0, rooted(&place, NAMELESS).0);

    for (uid, other) in [(NOBODY, NAMELESS), (NAMELESS, NOBODY)] {
        let cache = place.home(other).join(".cache/cargo-nix");
        let script = format!(
            "cat '{0}'/host/imports || ls '{0}' || touch '{0}/x'",
            cache.display()
        );
        let tried = Command::new("setpriv")
            .args([
                format!("--reuid={uid}"),
                format!("--regid={uid}"),
                "--clear-groups".into(),
            ])
            .args(["sh", "-c", &script])
            .output();
        let tried = tried.expect("setpriv starts");
        assert!(
            !tried.status.success() && tried.stdout.is_empty(),
            "{}",
            common::both(&tried)
        );
    }
}
