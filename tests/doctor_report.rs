//! `cargo-nix doctor`: findings, exit codes, the JSON for programs.

mod common;

use common::{World, both, run};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn doctor(command: &mut Command) -> (Option<i32>, Value) {
    let output = run(command.args(["doctor", "--json"]));
    let json =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", both(&output)));
    assert!(output.stderr.is_empty(), "{}", both(&output));
    (output.status.code(), json)
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["checks"].as_array().expect("checks");
    all.iter()
        .find(|check| check["name"] == name)
        .unwrap_or_else(|| panic!("no check {name} in {report:#}"))
}

#[test]
fn a_machine_that_is_well_is_usable() {
    let world = World::new();
    world.write("p/Cargo.toml", "[package]\nname = \"p\"\n");
    let project = world.path().join("p");
    common::success(world.cargo_nix().arg("init").arg(&project));
    let (code, report) = doctor(world.cargo_nix().current_dir(&project));
    assert_eq!(
        (code, &report["usable"]),
        (Some(0), &Value::Bool(true)),
        "{report:#}"
    );
    for name in [
        "evaluator",
        "store",
        "cache",
        "rust",
        "cc",
        "project",
        "envrc",
        "inputs",
    ] {
        assert_eq!(check(&report, name)["state"], "ok", "{name} in {report:#}");
    }
    for check in report["checks"].as_array().expect("checks") {
        assert_eq!(
            check["state"] == "ok",
            check["wayOut"].is_null(),
            "a way out for what is not ok: {check}"
        );
    }
}

#[test]
fn without_an_evaluator_it_says_so_and_goes_on() {
    let world = World::new();
    let (code, report) = doctor(
        world
            .cargo_nix()
            .env("CARGO_NIX_EVAL", "/nonexistent/cargo-nix-eval"),
    );
    assert_eq!(code, Some(1));
    assert_eq!(report["usable"], false);
    assert_eq!(check(&report, "evaluator")["state"], "missing");
    assert_eq!(check(&report, "cc")["state"], "ok");
    assert_eq!(check(&report, "project")["state"], "absent");
}

#[test]
fn without_home_the_cache_is_elsewhere() {
    let world = World::new();
    let output = run(world.cargo_nix().args(["doctor", "--json"]).env_remove("HOME"));
    let report = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = check(&report, "cache")["found"].to_string();
    assert!(found.contains("/tmp/cargo-nix-"), "{found}");
}

#[test]
fn an_envrc_of_another_kind_is_pointed_out() {
    let world = World::new();
    world.write("p/crate-env.nix", "{ rust }: { }");
    world.write("p/.envrc", "use flake\n");
    let (_, report) = doctor(world.cargo_nix().current_dir(world.path().join("p")));
    assert_eq!(check(&report, "envrc")["state"], "absent");
    assert!(
        check(&report, "envrc")["wayOut"]
            .to_string()
            .contains("use cargo-nix")
    );
}

/// Every command fails there.
#[test]
fn a_central_flake_that_is_not_locked_is_missing_its_lock() {
    let world = World::new();
    world.write("p/crate-env.nix", "{ rust }: { }");
    let flake = "{ inputs.nixpkgs.url = \"x\"; outputs = _: { cargoNix = { }; }; }";
    world.write("p/flake.nix", flake);
    let (code, report) = doctor(world.cargo_nix().current_dir(world.path().join("p")));
    assert_eq!((code, &report["usable"]), (Some(1), &Value::Bool(false)));
    let inputs = check(&report, "inputs");
    assert_eq!(inputs["state"], "missing");
    assert!(
        inputs["wayOut"].to_string().contains("nix flake lock"),
        "{inputs}"
    );
}

#[test]
fn for_people_it_is_a_line_each_with_the_way_out_below() {
    let world = World::new();
    let output = run(world
        .cargo_nix()
        .arg("doctor")
        .env("CARGO_NIX_EVAL", "/nonexistent/cargo-nix-eval"));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.starts_with("MISSING  evaluator"), "{text}");
    assert!(text.contains("  -> "), "{text}");
    assert!(text.ends_with("one thing that is needed is missing\n"), "{text}");
}

#[test]
fn a_directory_that_was_named_and_holds_no_project_is_an_error() {
    let world = World::new();
    for (directory, code) in [("empty", 3), ("gone", 7)] {
        if directory == "empty" {
            std::fs::create_dir(world.path().join(directory)).expect("a directory");
        }
        let output = run(world.cargo_nix().args(["doctor", "--project", directory]));
        assert_eq!(output.status.code(), Some(code), "{}", both(&output));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(directory),
            "{}",
            both(&output)
        );
        let said = String::from_utf8_lossy(&output.stderr).contains("there is no directory gone\n");
        assert_eq!(said, directory == "gone", "{}", both(&output));
    }
}

#[test]
fn an_extension_of_another_version_is_pointed_out() {
    let world = World::new();
    let state = |world: &World| {
        let (_, report) = doctor(&mut world.cargo_nix());
        check(&report, "direnv-lib").clone()
    };
    assert_eq!(state(&world)["state"], "absent");
    common::success(world.cargo_nix().args(["direnv", "install"]));
    assert_eq!(state(&world)["state"], "ok");
    let file = world.home().join(".config/direnv/lib/cargo-nix.sh");
    let text = std::fs::read_to_string(&file).expect("the extension");
    std::fs::write(&file, text + "# of before\n").expect("written");
    let check = state(&world);
    assert_eq!(check["state"], "absent", "{check}");
    assert!(
        check["wayOut"].to_string().contains("cargo-nix direnv install"),
        "{check}"
    );
    common::success(world.cargo_nix().args(["direnv", "install"]));
    assert_eq!(state(&world)["state"], "ok");
}

#[test]
fn a_hook_of_nushell_that_was_written_by_another_version_is_told_of() {
    let world = World::new();
    let state = |world: &World| {
        let (_, report) = doctor(&mut world.cargo_nix());
        check(&report, "nu-hook").clone()
    };
    let install = |program: &Path| {
        let hook = common::success(world.command(program).args(["hook", "nu"]));
        world.write("home/.config/nushell/autoload/cargo-nix.nu", &hook)
    };
    let program = world.install(
        Path::new(env!("CARGO_BIN_EXE_cargo-nix")),
        "odd \"name\"/cargo-nix",
    );
    let file = install(&program);
    assert_eq!(state(&world)["state"], "ok");
    std::fs::remove_file(&program).expect("the program");
    let gone = state(&world);
    assert_eq!(gone["state"], "absent", "{gone}");
    assert!(gone["found"].to_string().contains("which is gone"), "{gone}");
    let way_out = gone["wayOut"].to_string();
    assert!(way_out.contains("cargo-nix hook nu | save --force"), "{gone}");
    install(Path::new(env!("CARGO_BIN_EXE_cargo-nix")));
    assert_eq!(state(&world)["state"], "ok");
    let text = std::fs::read_to_string(&file).expect("the hook");
    std::fs::write(&file, text.replacen("pre_prompt", "before_prompt", 1)).expect("written");
    let old = state(&world);
    assert!(old["found"].to_string().contains("of another version"), "{old}");
}

/// Cargo fails where such a link is, and says nothing of the store.
#[test]
fn links_of_fetch_that_lead_nowhere_are_pointed_out() {
    let world = World::new();
    let sources = world.path().join("cargo/registry/src/index");
    std::fs::create_dir_all(&sources).expect("made");
    let gone = world
        .store_dir()
        .join("00000000000000000000000000000000-gone-1.0.0");
    let link = sources.join("gone-1.0.0");
    std::os::unix::fs::symlink(gone, &link).expect("a link");
    let ask = || doctor(world.cargo_nix().env("CARGO_HOME", world.path().join("cargo")));
    let (code, report) = ask();
    let found = check(&report, "sources");
    assert_eq!(
        (code, &found["state"]),
        (Some(1), &Value::from("missing")),
        "{found}"
    );
    assert!(found["found"].to_string().contains("gone-1.0.0"), "{found}");
    std::fs::remove_file(link).expect("removed");
    let (code, report) = ask();
    assert_eq!(code, Some(0), "{report:#}");
}
