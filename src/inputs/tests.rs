//! Properties of the manifest, on random trees that random steps change.

use super::manifest::{Manifest, Seen, Verdict};
use super::{Inputs, Layout, MANIFEST, discover::discover, manifest_path, remember, snapshot, stat};
use crate::project::Project;
use crate::sealed;
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// A file, directory or link that a step of the property test puts somewhere.
#[derive(Clone, Debug)]
enum Step {
    Write(usize, u8),
    Executable(usize, bool),
    Remove(usize),
    Link(usize, usize),
    Directory(usize),
    Touch(usize),
    Ask,
}

const PLACES: [&str; 14] = [
    "crate-env.nix",
    "a.nix",
    "d/default.nix",
    "d/x",
    "d/e/y",
    "d/e",
    "data",
    "src/z",
    "Cargo.toml",
    "d/Cargo.toml",
    "rust-toolchain",
    "flake.nix",
    "flake.lock",
    "npins/default.nix",
];
const TEXTS: [&str; 10] = [
    "{ }",
    "import ./a.nix",
    "[ ./d ]",
    "[ ./data ./a.nix ]",
    "import ./d",
    "[ ./. ]",
    "[ ../d/e ../src ]",
    "x: ./d/${x}",
    "[workspace.metadata.cargo-nix]\na = 1\n",
    "[workspace.metadata.cargo-nix]\na = 2\n",
];

fn step() -> impl Strategy<Value = Step> {
    let place = 0..PLACES.len();
    prop_oneof![
        6 => (place.clone(), any::<u8>()).prop_map(|(at, text)| Step::Write(at, text)),
        1 => (place.clone(), any::<bool>()).prop_map(|(at, on)| Step::Executable(at, on)),
        2 => place.clone().prop_map(Step::Remove),
        1 => (place.clone(), place.clone()).prop_map(|(at, to)| Step::Link(at, to)),
        1 => place.clone().prop_map(Step::Directory),
        1 => place.prop_map(Step::Touch),
        4 => Just(Step::Ask),
    ]
}

fn apply(step: &Step, top: &Path) {
    // Steps that make no sense in the tree as it is (a file below a file) do nothing.
    let make_room = |path: &Path| {
        let _ = std::fs::create_dir_all(path.parent().unwrap());
        let _ = std::fs::remove_file(path);
    };
    let place = |at: &usize| top.join(PLACES[*at]);
    let _ = match step {
        Step::Write(at, text) => {
            make_room(&place(at));
            std::fs::write(place(at), TEXTS[usize::from(*text) % TEXTS.len()])
        }
        Step::Executable(at, on) if place(at).is_file() => {
            let mode = if *on { 0o755 } else { 0o644 };
            std::fs::set_permissions(place(at), std::fs::Permissions::from_mode(mode))
        }
        Step::Remove(at) => std::fs::remove_file(place(at)).or_else(|_| std::fs::remove_dir_all(place(at))),
        Step::Link(at, to) => {
            make_room(&place(at));
            let up = "../".repeat(PLACES[*at].matches('/').count());
            std::os::unix::fs::symlink(format!("{up}{}", PLACES[*to]), place(at))
        }
        Step::Directory(at) => std::fs::create_dir_all(place(at)),
        Step::Touch(at) => {
            std::fs::File::open(place(at)).and_then(|file| file.set_modified(std::time::SystemTime::now()))
        }
        Step::Executable(..) | Step::Ask => Ok(()),
    };
}

/// As if the manifest had been written an hour after everything in it: no entry
/// is young, each is judged by its stat alone.
fn trust(manifest: &mut Manifest) {
    manifest.read_at += 3_600_000_000_000;
}

/// Longer than the kernel's clock for files stands still.
const TICK: Duration = Duration::from_millis(12);

fn start() -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(top.path().join("p/d")).unwrap();
    std::fs::write(top.path().join("p/crate-env.nix"), "[ ./d ./data ./a.nix ./src ]").unwrap();
    std::fs::write(top.path().join("p/d/x"), "").unwrap();
    top
}

/// The NAR hash of what the evaluation would see, and the layout.
fn seen(project: &Project, manifest: &Manifest, into: &Path) -> (String, Layout) {
    match snapshot::write(&project.root, manifest, into).unwrap() {
        snapshot::Outcome::Written => (crate::nar::hash(into).unwrap(), manifest.layout.clone()),
        snapshot::Outcome::Changed(path) => panic!("{} changed", path.display()),
    }
}

/// The current inputs by way of the manifest in `cache`.
fn current(project: &Project, cache: &Path) -> Result<blake3::Hash, String> {
    Inputs::current(project, cache)
        .map(|inputs| inputs.digest())
        .map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to a tree: what a manifest says, whether its entries
    /// are young or trusted by their stats, is what a discovery from scratch
    /// says; and digests are equal iff snapshots are.
    #[test]
    fn the_manifest_never_lies(steps in proptest::collection::vec(step(), 1..40)) {
        let top = start();
        let tree = top.path().join("p");
        let (young, trusted) = (top.path().join("young"), top.path().join("trusted"));
        let mut known: Vec<(blake3::Hash, (String, Layout))> = Vec::new();
        for step in steps.iter().chain([&Step::Ask]) {
            apply(step, &tree);
            if !matches!(step, Step::Ask) {
                continue;
            }
            let Ok(project) = Project::find_below(Some(&tree), None) else { continue };
            let anew = discover(&project, Layout::of(&project).unwrap(), None, None);
            let digest =
                anew.as_ref().map(|m| blake3::Hash::from_bytes(m.digest)).map_err(ToString::to_string);
            prop_assert_eq!(&current(&project, &young), &digest);
            prop_assert_eq!(&current(&project, &trusted), &digest);
            let Ok(manifest) = anew else { continue };
            let mut believed = manifest.clone();
            trust(&mut believed);
            remember(&project, &trusted, &believed);

            let now = seen(&project, &manifest, &top.path().join("snapshot"));
            for (digest, before) in &known {
                prop_assert_eq!(digest.as_bytes() == &manifest.digest, *before == now);
            }
            known.push((blake3::Hash::from_bytes(manifest.digest), now));
            std::thread::sleep(TICK);
        }
    }
}

/// A hit reads stats and nothing else: contents that were recorded wrongly are
/// not noticed then. They are if the entries are young.
#[test]
fn a_hit_reads_no_contents() {
    let top = start();
    let project = Project::find_below(Some(&top.path().join("p")), None).unwrap();
    let mut manifest = discover(&project, Layout::of(&project).unwrap(), None, None).unwrap();
    assert_eq!(manifest.clone().verify(&project.root), Verdict::Same);
    for (_, record) in &mut manifest.records {
        if let Seen::File(hash) | Seen::Listing { hash, .. } = &mut record.seen {
            hash[0] ^= 1;
        }
    }
    assert_eq!(manifest.clone().verify(&project.root), Verdict::Changed);
    trust(&mut manifest);
    assert_eq!(manifest.verify(&project.root), Verdict::Same);
}

/// `touch` costs one reading: the new stats are remembered.
#[test]
fn equal_contents_under_other_stats_are_remembered() {
    let top = start();
    let project = Project::find_below(Some(&top.path().join("p")), None).unwrap();
    let path = manifest_path(&project, top.path());
    let mut manifest = discover(&project, Layout::of(&project).unwrap(), None, None).unwrap();
    trust(&mut manifest);
    remember(&project, top.path(), &manifest);
    std::thread::sleep(TICK);
    std::fs::write(top.path().join("p/d/x"), "").unwrap();
    assert_eq!(manifest.clone().verify(&project.root), Verdict::Refreshed);
    let before = stat::now();
    current(&project, top.path()).unwrap();
    let read: Manifest = postcard::from_bytes(&sealed::read(&path, MANIFEST).unwrap()).unwrap();
    assert!(read.read_at >= before && read != manifest);
}
