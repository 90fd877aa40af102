//! The closure of a real environment, from a real store.

mod common;

use cargo_nix::cache::Cache;
use common::{World, run, success};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

/// `cargo-nix closure` of examples/openssl, with more arguments.
fn closure(world: &World, more: &[&str]) -> std::process::Command {
    let mut command = world.cargo_nix();
    command
        .arg("closure")
        .arg("--quiet")
        .arg("--project")
        .arg(world.path().join("openssl"))
        .args(more);
    command
}

/// One world for all of it: the toolchain is imported once.
#[test]
fn a_real_environment_its_closure_and_its_end() {
    let world = World::new();
    world.project("examples/openssl", "openssl");
    the_shell_of_the_example_holds_its_tools_and_nothing_else(&world);
    why_rustc_is_there(&world);
    what_is_not_there_is_a_fault_of_the_command_line_with_the_nearest_name(&world);
    the_page_is_written_and_standard_output_stays_empty(&world);
    when_the_project_is_gone_its_closure_is_for_the_collector(&world);
}

/// The name of a store path without hash and version.
fn package(path: &str) -> String {
    cargo_nix::closure::StoreName::of(path).package.to_owned()
}

fn the_shell_of_the_example_holds_its_tools_and_nothing_else(world: &World) {
    let json: Value = serde_json::from_str(&success(&mut closure(world, &["--json"]))).expect("JSON");
    let paths = json["paths"].as_array().expect("paths");
    let packages: BTreeSet<String> = paths
        .iter()
        .map(|row| package(row["path"].as_str().expect("a path")))
        .collect();
    let std = packages
        .iter()
        .find(|name| name.starts_with("rust-std-"))
        .cloned()
        .expect("std");
    let wanted = [
        "cargo",
        "cargo-nix-env",
        "cc",
        "openssl",
        "pkg-config",
        "rust",
        "rustc",
        std.as_str(),
    ];
    assert_eq!(packages, wanted.map(str::to_owned).into());

    let own: u64 = paths
        .iter()
        .map(|row| row["ownSize"].as_u64().expect("a size"))
        .sum();
    assert_eq!(json["totalSize"].as_u64(), Some(own));
    assert_eq!(paths[0]["path"], json["environment"]);
    assert_eq!(paths[0]["addedSize"], json["totalSize"]);

    let host = json["host"].as_array().expect("host");
    let names: Vec<&str> = host
        .iter()
        .map(|part| part["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["cc", "openssl", "pkg-config"]);
    for part in host {
        assert!(!part["version"].as_str().expect("a version").is_empty(), "{part}");
        assert!(
            part["paths"].as_array().is_some_and(|paths| !paths.is_empty()),
            "{part}"
        );
    }
    let stands_for = paths.iter().filter(|row| row["kind"] == "host").count();
    assert_eq!(
        stands_for,
        names.len(),
        "each part of the machine has its derivation"
    );
}

fn why_rustc_is_there(world: &World) {
    let text = success(&mut closure(world, &["--why", "rustc"]));
    let chain: Vec<String> = text.lines().skip(4).map(|line| package(line.trim())).collect();
    assert_eq!(chain, ["cargo-nix-env", "rust", "rustc"], "{text}");

    let json: Value =
        serde_json::from_str(&success(&mut closure(world, &["--why", "rustc", "--json"]))).expect("JSON");
    assert_eq!(json["chainCount"], 1);
    assert_eq!(json["chains"][0].as_array().map(Vec::len), Some(3));
}

fn what_is_not_there_is_a_fault_of_the_command_line_with_the_nearest_name(world: &World) {
    let output = run(&mut closure(world, &["--why", "rutsc"]));
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("nothing in the closure is called `rutsc`\n  near to it: rustc-"),
        "{message}"
    );

    let output = run(&mut closure(world, &["--why", "ru"]));
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("`ru` may be any of these paths"), "{message}");
}

fn the_page_is_written_and_standard_output_stays_empty(world: &World) {
    let file = world.path().join("report.html");
    let out = success(closure(world, &["--html"]).arg(&file));
    assert_eq!(out, "");
    let page = std::fs::read_to_string(&file).expect("the page");
    assert!(page.starts_with("<!doctype html>") && page.contains("cargo-nix-env"));
    // A file of the user's like any other, in a directory that is his to make.
    let other = world.write("other", "");
    let mode = |file| fs::metadata(file).expect("a file").permissions().mode();
    assert_eq!(mode(&file), mode(&other));
    let output = run(closure(world, &["--html"]).arg(world.path().join("none/report.html")));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!world.path().join("none").exists());
}

fn when_the_project_is_gone_its_closure_is_for_the_collector(world: &World) {
    let gc = || -> Value {
        let told = success(world.cargo_nix().args(["gc", "--json", "--quiet"]));
        serde_json::from_str(&told).expect("JSON")
    };
    let cache = Cache::new(world.cache());
    let slots = cache.slots();
    assert_eq!(slots.len(), 1);
    let directory = cache.slot_directory(&slots[0]);
    let then = SystemTime::now() - Duration::from_secs(3600);
    File::open(&directory)
        .and_then(|file| file.set_modified(then))
        .expect("an old slot");
    assert_eq!(gc()["slots"], Value::Array(vec![]), "the project is there");

    fs::remove_dir_all(world.path().join("openssl")).expect("the project goes");
    let told = gc();
    assert_eq!(told["slots"].as_array().map(Vec::len), Some(1), "{told}");
    assert!(told["roots"].as_u64() >= Some(1), "{told}");
    // rustc alone is far larger than this.
    assert!(told["freeableSize"].as_u64() > Some(50 << 20), "{told}");
    assert!(!directory.exists());
}
