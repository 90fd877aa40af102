//! NAR hashes agree with Nix's own.

mod common;
mod inputs_help;

use common::World;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// `nix hash path --sri` of many paths at once.
fn nix_hash(world: &World, paths: &[&Path]) -> Vec<String> {
    let mut command = world.command(common::nix_program());
    command
        .args([
            "--extra-experimental-features",
            "nix-command",
            "hash",
            "path",
            "--sri",
        ])
        .args(paths);
    common::success(&mut command).lines().map(str::to_owned).collect()
}

#[test]
fn a_tree_of_everything_has_the_hash_that_nix_gives() {
    let world = World::new();
    let top = world.path().join("t");
    for (name, text) in [
        ("a", ""),
        ("a.b", "1234567"),
        ("a/", "x"),
        ("B", "12345678"),
        ("ü/é", "non-ASCII"),
        ("日本/", ""),
        ("link -> nowhere/ü", ""),
        ("d/a0", "x"),
        ("d/a/b", "x"),
        ("d/a-b", "x"),
        ("d/A", "x"),
        ("empty/", ""),
        (" blank", "x"),
    ] {
        if name != "a/" {
            inputs_help::write(&top, name, text);
        }
    }
    let script = top.join("d/run");
    std::fs::write(&script, vec![7; 200_001]).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(top.join("a"), std::fs::Permissions::from_mode(0o604)).unwrap();
    let link = top.join("link");
    let paths = [&top, &script, &link];
    let ours: Vec<String> = paths
        .iter()
        .map(|path| cargo_nix::nar::hash(path).unwrap())
        .collect();
    assert_eq!(ours, nix_hash(&world, &paths.map(|path| path.as_path())));
}

#[test]
fn a_snapshot_and_the_library_have_the_hash_that_nix_gives() {
    let fixture = inputs_help::Fixture::new(&[
        ("crate-env.nix", "[ ./d ]"),
        ("d/empty/", ""),
        ("d/l -> ../crate-env.nix", ""),
        ("d/ü", "x"),
        ("Cargo.toml", "[package.metadata.cargo-nix]\na = 1\n"),
    ]);
    let into = fixture.world.path().join("snapshot");
    let snapshot = fixture.inputs().snapshot(&into).unwrap();
    let library = cargo_nix::library::tree(&fixture.world.cache()).unwrap();
    let nix = nix_hash(&fixture.world, &[&snapshot.path, &library.path]);
    assert_eq!([snapshot.nar_hash, library.nar_hash].as_slice(), nix);
}

fn tree() -> impl Strategy<Value = Vec<(String, Vec<u8>, bool)>> {
    let name = "[a-cA.ü-]{1,3}".prop_filter("not a name", |name| name != "." && name != "..");
    let path = proptest::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
    let contents = proptest::collection::vec(any::<u8>(), 0..40);
    proptest::collection::vec((path, contents, any::<bool>()), 0..12)
}

/// Thirty random trees in one call of Nix.
#[test]
fn random_trees_have_the_hash_that_nix_gives() {
    let world = World::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut tops = Vec::new();
    for number in 0..30 {
        let top = world.path().join(number.to_string());
        std::fs::create_dir(&top).unwrap();
        for (path, contents, executable) in tree().new_tree(&mut runner).unwrap().current() {
            let path = top.join(path);
            // A name that is a file already stays one.
            if std::fs::create_dir_all(path.parent().unwrap()).is_ok()
                && std::fs::write(&path, contents).is_ok()
            {
                let mode = if executable { 0o755 } else { 0o644 };
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        tops.push(top);
    }
    let paths: Vec<&Path> = tops.iter().map(|top| top.as_path()).collect();
    let ours: Vec<String> = paths
        .iter()
        .map(|path| cargo_nix::nar::hash(path).unwrap())
        .collect();
    assert_eq!(ours, nix_hash(&world, &paths));
}
