//! Shared by the tests that change one thing at a time: a project of vendored
//! packages (tests/fixtures/poison), built by real cargo, and which store path
//! each of its units was.
#![allow(dead_code)]

pub mod demo;
pub mod seed;

use super::common::units::Units;
use super::common::{both, run, success};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every unit of the fixture's dependencies.
pub const ALL: &[&str] = &[
    "base lib",
    "derive proc-macro",
    "native build-script",
    "native lib",
    "native run",
    "top lib",
    "user build-script",
    "user lib",
    "user run",
];

/// What a build of cargo came to.
#[derive(Debug)]
pub struct Build {
    /// What the program printed.
    pub said: String,
    /// `<package> <kind>` -> the store paths; of a local unit, why.
    pub units: BTreeMap<String, BTreeSet<String>>,
    /// The units of which the cache did not know.
    pub missed: BTreeSet<String>,
    /// Those that were not in the store either.
    pub compiled: BTreeSet<String>,
}

impl Build {
    /// The units that are others than in `before`, or are in one build only.
    pub fn changed(&self, before: &Build) -> BTreeSet<String> {
        let names = self.units.keys().chain(before.units.keys());
        names
            .filter(|name| self.units.get(*name) != before.units.get(*name))
            .cloned()
            .collect()
    }

    /// Fails if a unit of another package than `project` is local.
    pub fn assert_store_backed(&self, project: &str, what: &str) {
        for (unit, paths) in &self.units {
            let is_local = paths.iter().any(|path| !path.starts_with('/'));
            assert!(
                unit.starts_with(&format!("{project} ")) || !is_local,
                "{what}: {unit}: {paths:?}"
            );
        }
    }
}

/// A copy of the fixture at `<world>/<name>`.
pub fn checkout(units: &Units, name: &str) -> PathBuf {
    units.world.project("tests/fixtures/poison", name)
}

/// Runs `cargo`, a call of it with all its arguments, which must succeed.
pub fn build(units: &Units, cargo: &mut Command) -> Build {
    build_noted(units, cargo, &units.world.home().join(".cache"))
}

/// The same with this cache, as `XDG_CACHE_HOME` has it.
pub fn build_in(units: &Units, cargo: &mut Command, cache: &Path) -> Build {
    build_noted(units, cargo.env("XDG_CACHE_HOME", cache), cache)
}

fn build_noted(units: &Units, cargo: &mut Command, cache: &Path) -> Build {
    let before = builds(units, cache).len();
    let output = run(cargo);
    assert!(output.status.success(), "{cargo:?}: {}", both(&output));
    let builds = builds(units, cache);
    let mut build = Build {
        said: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        units: BTreeMap::new(),
        missed: BTreeSet::new(),
        compiled: BTreeSet::new(),
    };
    for unit in builds[before..].iter().flat_map(entries) {
        let word = |name: &str| unit[name].as_str().unwrap_or_default();
        let check = if unit["check"] == true { " check" } else { "" };
        let name = format!("{} {}{check}", word("package"), word("kind"));
        let what = unit["path"].as_str().unwrap_or_else(|| word("reason"));
        if word("outcome") != "hit" {
            build.missed.insert(name.clone());
        }
        if !["hit", "found"].contains(&word("outcome")) {
            build.compiled.insert(name.clone());
        }
        build.units.entry(name).or_default().insert(what.to_owned());
    }
    build
}

fn builds(units: &Units, cache: &Path) -> Vec<Value> {
    let journal = cache.join("cargo-nix/units/builds");
    let is_empty = std::fs::read_dir(journal).map_or(true, |mut entries| entries.next().is_none());
    if is_empty {
        return Vec::new();
    }
    let mut stats = units.world.cargo_nix();
    stats.env("XDG_CACHE_HOME", cache);
    let text = success(stats.args(["stats", "--json", "--last", "100"]));
    let told: Value = serde_json::from_str(&text).unwrap();
    told["builds"].as_array().unwrap().clone()
}

fn entries(build: &Value) -> &[Value] {
    build["units"].as_array().unwrap()
}

/// The seeds that builds have left.
pub fn seeds(units: &Units) -> Vec<PathBuf> {
    let dir = units.world.cache().join("units/seeds");
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Waits until so many are there: the build service takes one when nobody has asked
/// it for a while.
pub fn await_seeds(units: &Units, count: usize) -> Vec<PathBuf> {
    for _ in 0..120 {
        let seeds = seeds(units);
        if seeds.len() >= count {
            return seeds;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    panic!("a build leaves no seed");
}

/// The store path that holds the units of a target directory.
pub fn root_of(target: &Path) -> PathBuf {
    let link = target.join(".cargo-nix/units");
    let is_there = (0..60).any(|_| {
        std::thread::sleep(std::time::Duration::from_secs(1));
        link.exists()
    });
    assert!(is_there, "the service makes the root before it ends");
    std::fs::read_link(link).unwrap()
}

/// Replaces `old`, which must be there, in a file.
pub fn edit(file: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(old), "{old} is not in {}", file.display());
    std::fs::write(file, text.replace(old, new)).unwrap();
}

/// Adds to the end of a file.
pub fn append(file: &Path, text: &str) {
    let before = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, before + text).unwrap();
}

/// A set of words.
pub fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
