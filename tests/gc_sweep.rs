//! `cargo-nix gc` on caches on disk.

mod common;

use cargo_nix::background::Desk;
use cargo_nix::cache::{Cache, KEPT_SLOTS, Key, Slot};
use cargo_nix::env::Env;
use cargo_nix::gc::{STALE, plan, survey, sweep};
use common::{World, run, success};
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

fn key(n: usize) -> Key {
    Key::parse(&format!("{n:032x}")).expect("a key")
}

/// Lets it look as if nobody had written to it for long.
fn grow_old(path: &Path) {
    let then = SystemTime::now() - STALE * 2;
    File::open(path)
        .and_then(|file| file.set_modified(then))
        .expect("an old file");
}

/// A slot with a root, old enough to go.
fn fill(world: &World, cache: &Cache, n: usize) -> PathBuf {
    let environment = world.path().join(format!("env-{n}"));
    fs::write(&environment, "").expect("an environment");
    let slot = Slot {
        path: environment.display().to_string(),
        env: Env::default(),
        ..Slot::default()
    };
    cache.fill(&key(n), &slot).expect("a slot");
    let directory = cache.slot_directory(&key(n));
    symlink(&environment, directory.join("env")).expect("a root");
    assert_eq!(cache.slot(&key(n)), Some(slot));
    grow_old(&directory);
    directory
}

/// A project that used the slots `keys`, in this order.
fn project(world: &World, cache: &Cache, name: &str, keys: impl IntoIterator<Item = usize>) -> PathBuf {
    let directory = world.path().join(name);
    fs::create_dir_all(&directory).expect("a project");
    for n in keys {
        cache.remember(name, &directory, &key(n)).expect("a note");
    }
    directory
}

fn gc(world: &World, more: &[&str]) -> Value {
    let out = success(world.cargo_nix().args(["gc", "--json", "--quiet"]).args(more));
    serde_json::from_str(&out).expect("JSON")
}

#[test]
fn the_last_slots_stay_and_the_rest_is_dropped_with_its_roots() {
    let world = World::new();
    let cache = Cache::new(world.cache());
    for n in 0..8 {
        fill(&world, &cache, n);
    }
    project(&world, &cache, "a", 0..8);
    let dry = gc(&world, &["--dry-run"]);
    assert_eq!(cache.slots().len(), 8, "a dry run changes nothing");
    let told = gc(&world, &[]);
    assert_eq!(
        (&dry["slots"], &dry["dryRun"]),
        (&told["slots"], &Value::Bool(true))
    );
    assert_eq!(told["slots"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (&told["roots"], &told["keptSlots"]),
        (&3.into(), &KEPT_SLOTS.into())
    );
    assert_eq!(cache.slots(), (3..8).map(key).collect::<Vec<_>>());
    assert_eq!(gc(&world, &[])["slots"], Value::Array(vec![]));
}

#[test]
fn a_project_that_is_gone_is_forgotten_with_all_it_alone_used() {
    let world = World::new();
    let cache = Cache::new(world.cache());
    for n in 0..3 {
        fill(&world, &cache, n);
    }
    project(&world, &cache, "here", [0, 1]);
    let gone = project(&world, &cache, "gone", [1, 2]);
    fs::remove_dir(&gone).expect("gone");
    let told = success(world.cargo_nix().args(["gc", "--quiet"]));
    assert!(
        told.contains(&format!("forgot the project that was at {}\n", gone.display())),
        "{told}"
    );
    assert!(
        told.contains("dropped 1 slot, 1 root and 0 left-overs; 2 slots kept\n"),
        "{told}"
    );
    assert_eq!(cache.slots(), [key(0), key(1)]);
    assert_eq!(cache.projects().len(), 1);
}

#[test]
fn what_somebody_fills_or_has_just_filled_stays() {
    let world = World::new();
    let cache = Cache::new(world.cache());
    fill(&world, &cache, 0);
    let young = fill(&world, &cache, 1);
    File::open(&young)
        .and_then(|file| file.set_modified(SystemTime::now()))
        .expect("a young slot");
    let lock = cache.lock(&key(0), SystemTime::now(), false).expect("the lock");
    let told = gc(&world, &[]);
    assert_eq!(
        (told["slots"].as_array().map(Vec::len), &told["keptSlots"]),
        (Some(0), &2.into())
    );
    assert_eq!(cache.slots().len(), 2);
    drop(lock);
    let told = success(world.cargo_nix().args(["gc", "--quiet"]));
    assert_eq!(cache.slots(), [key(1)]);
    assert!(
        told.contains("1 slot kept\n1 of these is younger than 10 minutes"),
        "{told}"
    );
}

/// A waiter that got the lock of a file which `gc` had removed meanwhile would
/// keep nobody out, and two would evaluate the same key.
#[test]
fn a_lock_that_is_collected_while_others_wait_keeps_them_apart() {
    let world = World::new();
    let cache = Cache::new(world.cache());
    let path = cache.directory().join("locks").join(key(0).as_str());
    let collector = cache.lock(&key(0), SystemTime::now(), false).expect("the lock");
    let waiter = {
        let cache = cache.clone();
        std::thread::spawn(move || cache.lock(&key(0), SystemTime::now(), false).expect("the lock"))
    };
    // Time for the waiter to open the file; if it is late, nothing is tested
    // and nothing fails.
    std::thread::sleep(std::time::Duration::from_millis(200));
    fs::remove_file(&path).expect("collected");
    drop(collector);
    let _held = waiter.join().expect("the waiter");
    let other = File::options()
        .write(true)
        .open(&path)
        .expect("the lock is a file that others find");
    assert!(other.try_lock().is_err(), "two hold the lock");
}

#[test]
fn a_project_that_comes_back_after_the_survey_keeps_its_slot() {
    let world = World::new();
    let cache = Cache::new(world.cache());
    fill(&world, &cache, 0);
    let planned = plan(&survey(&cache), KEPT_SLOTS);
    assert_eq!(planned.slots.len(), 1);
    project(&world, &cache, "back", [0]);
    let swept = sweep(&cache, &planned).expect("swept");
    assert_eq!((swept.slots.len(), swept.busy), (0, 1));
    assert!(cache.slot(&key(0)).is_some());
}

#[test]
fn left_overs_go_when_they_are_old() {
    let world = World::new();
    let cache = Cache::new(world.cache());
    cache.make().expect("a cache");
    drop(
        cache
            .lock(&key(0), SystemTime::now(), false)
            .expect("a lock that locks nothing"),
    );
    let held = cache
        .lock(&key(1), SystemTime::now(), false)
        .expect("a lock that is held");
    let snapshots = cache.directory().join("snapshots");
    for name in ["snapshot-old", "snapshot-new"] {
        fs::create_dir_all(snapshots.join(name).join("source/src")).expect("a snapshot");
    }
    grow_old(&snapshots.join("snapshot-old"));
    let temporary = world.write("home/.cache/cargo-nix/host/.cargo-nix-new-abc", "half");
    grow_old(&temporary);
    let dropped = cache.directory().join("slots/.dropped-ab-1");
    fs::create_dir_all(&dropped).expect("half dropped");
    assert_eq!(gc(&world, &[])["leftOvers"], 4);
    let left: Vec<_> = fs::read_dir(&snapshots)
        .expect("snapshots")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left, ["snapshot-new"]);
    assert!(!temporary.exists() && !dropped.exists());
    assert!(cache.directory().join("locks").join(key(1).as_str()).exists());
    drop(held);
}

#[test]
fn a_cache_of_noise_or_none_is_no_trouble() {
    let world = World::new();
    assert_eq!(gc(&world, &[])["keptSlots"], 0);
    assert!(!world.cache().exists(), "nothing is made by looking");
    let cache = Cache::new(world.cache());
    fill(&world, &cache, 0);
    project(&world, &cache, "a", [0]);
    for file in [
        "projects/a/history",
        "projects/a/path",
        "projects/stray",
        "slots/stray",
        "locks/stray",
    ] {
        world.write(&format!("home/.cache/cargo-nix/{file}"), "noise \u{0}");
    }
    // Nothing is known of the project any more; it may be in use all the same.
    assert_eq!(gc(&world, &[])["projects"], Value::Array(vec![]));
    for path in ["a/history", "a/path", "a", "stray"] {
        grow_old(&cache.directory().join("projects").join(path));
    }
    let told = gc(&world, &[]);
    assert_eq!(told["projects"], Value::Array(vec![Value::Null; 2]));
    assert_eq!((cache.slots(), cache.projects()), (vec![], vec![]));
}

/// A job may work for hours before it reports, and for longer than a day.
#[test]
fn a_project_at_an_unknown_place_stays_while_a_job_works_for_it() {
    let world = World::new();
    let cache = Cache::new(world.cache());
    let desk = Desk::of(&cache, "a");
    let job = desk.hold().expect("a lock").expect("which nobody holds");
    for path in [desk.lock(), cache.directory().join("projects/a")] {
        grow_old(&path);
    }
    assert_eq!(gc(&world, &[])["projects"], Value::Array(vec![]));
    assert!(desk.is_at_work(), "its lock is where it was");
    drop(job);
    assert_eq!(gc(&world, &[])["projects"], Value::Array(vec![Value::Null]));
    assert!(!desk.lock().exists());
}

#[test]
fn a_project_that_was_only_looked_at_is_known_by_its_place() {
    let world = World::new();
    let directory = world.path().join("p");
    world.write("p/crate-env.nix", "{ }");
    success(world.cargo_nix().arg("allow").arg(&directory));
    let projects = Cache::new(world.cache()).projects();
    let place = directory.canonicalize().expect("the project");
    assert_eq!(projects.len(), 1);
    assert_eq!(projects[0].1.as_deref(), Some(place.as_path()));
    assert_eq!(gc(&world, &[])["projects"], Value::Array(vec![]));
}

#[test]
fn eight_at_once_drop_each_slot_once() {
    let world = World::new();
    let cache = Cache::new(world.cache());
    for n in 0..20 {
        fill(&world, &cache, n);
    }
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let one = || gc(&world, &[])["slots"].as_array().map_or(0, Vec::len);
        let all: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|thread| thread.join().expect("gc")).collect()
    });
    assert_eq!(counts.iter().sum::<usize>(), 20, "{counts:?}");
    assert_eq!(cache.slots(), []);
}

#[test]
fn the_collector_is_not_there_and_that_is_said() {
    let world = World::new();
    let output = run(world
        .cargo_nix()
        .args(["gc", "--collect"])
        .env("CARGO_NIX_EVAL", "/nonexistent")
        .env("PATH", world.path()));
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{message}");
    assert!(message.contains("--collect needs nix-store"), "{message}");
}

/// A private libnix has its programs where no PATH leads.
#[test]
fn the_collector_need_not_be_on_path() {
    let world = World::with_own_store();
    let file = world.write("file", "of no use to anybody");
    let mut add = world.command(common::nix_program().with_file_name("nix-store"));
    let added = common::success(
        add.env("NIX_CONFIG", "build-users-group =")
            .arg("--add")
            .arg(file),
    );
    let path = Path::new(added.trim());
    assert!(path.exists());
    let mut collect = world.cargo_nix();
    let output = run(collect.args(["gc", "--collect"]).env("PATH", world.path()));
    assert!(output.status.success(), "{}", common::both(&output));
    assert!(!path.exists(), "{}", common::both(&output));
}
