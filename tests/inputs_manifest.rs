//! The stat manifest: fast, never wrong, and dispensable. Snapshots: what was hashed.

mod common;
mod inputs_help;

use inputs_help::{Fixture, current, listing};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// The one manifest in the fixture's cache.
fn manifest(fixture: &Fixture) -> PathBuf {
    let mut found = Vec::new();
    for project in fixture.world.cache().join("projects").read_dir().unwrap() {
        found.push(project.unwrap().path().join("manifest"));
    }
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// With the same size, inode and times as far as a program can set them, right
/// after it was read: the case that plain stats do not see.
#[test]
fn a_change_in_the_same_tick_is_seen() {
    let fixture = Fixture::new(&[("crate-env.nix", "./data"), ("data", "0000")]);
    for round in 0..50 {
        let before = fixture.digest();
        std::fs::write(fixture.directory.join("data"), format!("{:04}", round + 1)).unwrap();
        assert_ne!(fixture.digest(), before, "round {round}");
    }
}

#[test]
fn noise_in_the_manifest_costs_time_and_nothing_else() {
    let fixture = Fixture::new(&[("crate-env.nix", "./data"), ("data", "0")]);
    let digest = fixture.digest();
    let path = manifest(&fixture);
    let whole = std::fs::read(&path).unwrap();
    for end in (0..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(fixture.digest(), digest, "cut at {end}");
        let mut noise = whole.clone();
        noise[end] ^= 0x20;
        std::fs::write(&path, &noise).unwrap();
        assert_eq!(fixture.digest(), digest, "noise at {end}");
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(fixture.digest(), digest, "it cannot even be written");
}

#[test]
fn a_snapshot_is_what_was_hashed_whatever_is_written_meanwhile() {
    let fixture = Fixture::new(&[("crate-env.nix", "./d"), ("d/a", "0"), ("d/b", "0")]);
    let stop = AtomicBool::new(false);
    let into = fixture.world.path().join("snapshot");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                round += 1;
                fixture.write(&[("d/a", &round.to_string()), ("d/b", &round.to_string())]);
            }
        });
        for _ in 0..50 {
            let mut inputs = fixture.inputs();
            match inputs.snapshot(&into) {
                Ok(tree) => {
                    // The snapshot, taken as a project, has the digest that was promised.
                    assert_eq!(
                        current(&into, &fixture.world.path().join("other"))
                            .unwrap()
                            .digest(),
                        inputs.digest()
                    );
                    assert_eq!(tree.nar_hash, cargo_nix::nar::hash(&into).unwrap());
                }
                Err(error) => assert!(
                    error.to_string().contains("changes while it is being read"),
                    "{error}"
                ),
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn an_edit_between_key_and_snapshot_gives_a_new_digest() {
    let fixture = Fixture::new(&[("crate-env.nix", "./data"), ("data", "0")]);
    let mut inputs = fixture.inputs();
    let before = inputs.digest();
    fixture.write(&[("data", "1")]);
    let into = fixture.world.path().join("snapshot");
    inputs.snapshot(&into).unwrap();
    assert_ne!(inputs.digest(), before);
    assert_eq!(inputs.digest(), fixture.digest());
    assert_eq!(listing(&into)["data"], b"1");
}

#[test]
fn watches_name_what_matters_and_what_may_come() {
    let fixture = Fixture::new(&[
        ("crate-env.nix", "[ ./data ./missing.nix ]"),
        ("data", "0"),
        ("src/main.rs", ""),
        ("Cargo.toml", "[package]"),
    ]);
    let top = fixture.directory.canonicalize().unwrap();
    let watches = fixture.inputs().watches();
    let names = |there: bool| -> Vec<&str> {
        let matching = watches.iter().filter(|watch| watch.modified.is_some() == there);
        matching
            .map(|watch| watch.path.strip_prefix(&top).unwrap().to_str().unwrap())
            .collect()
    };
    assert_eq!(names(true), ["Cargo.toml", "crate-env.nix", "data"]);
    assert_eq!(
        names(false),
        [
            "flake.lock",
            "flake.nix",
            "missing.nix",
            "npins",
            "rust-toolchain",
            "rust-toolchain.toml"
        ]
    );
}
