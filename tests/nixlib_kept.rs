//! Files of the project that an environment names are copies in the store, which a
//! garbage collection leaves there; what would name the snapshot is refused.

mod common;
mod nixlib_help;

use nixlib_help::{Case, lock};
use std::path::{Path, PathBuf};
use std::process::Command;

const PINS: [&[(&str, &str)]; 2] = [&[], &[("nixpkgs", "package-set")]];

/// Beside crate-env.nix.
const FILES: [(&str, &str); 2] = [("d.json", "{}"), ("sub/file", "it")];

fn case(pins: &[(&str, &str)], text: &str) -> Case {
    Case::over(pins, &[("crate-env.nix", text), FILES[0], FILES[1]])
}

/// The same over a store that nobody else sees.
fn case_apart(pins: &[(&str, &str)], text: &str) -> Case {
    let world = common::World::with_own_store();
    for (path, text) in [("crate-env.nix", text), FILES[0], FILES[1]] {
        world.write(&format!("project/{path}"), text);
    }
    if !pins.is_empty() {
        world.write("project/flake.lock", &lock(pins).to_string());
    }
    let project = world.path().join("project");
    Case { world, project }
}

fn collect(case: &Case) {
    common::success(
        Command::new(common::nix_program().with_file_name("nix-store"))
            .envs(case.world.store_variables())
            .args(["--option", "build-users-group", "", "--gc"]),
    );
}

#[test]
fn what_a_shell_names_is_there_after_a_collection() {
    let text = "{ mkShell }:\nmkShell {\n  LIST = [ ./d.json [ ] [ ./sub ] \"text\" 1 true null ];\n  \
                SET.outPath = ./sub;\n  FILE = ./d.json;\n}\n";
    for pins in PINS {
        let case = case_apart(pins, text);
        let (dump, _) = case.environment();
        collect(&case);
        let variable = |name: &str| dump["variables"][name].as_str().expect("a text").to_owned();
        let list = variable("LIST");
        let [file, directory, rest] = *list.splitn(3, ' ').collect::<Vec<_>>() else {
            panic!("{list}")
        };
        assert_eq!(rest, "text 1 1 ", "{pins:?}");
        let read = |path: PathBuf| {
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
        };
        for (path, text) in [
            (Path::new(file).to_path_buf(), "{}"),
            (Path::new(directory).join("file"), "it"),
            (PathBuf::from(variable("SET")).join("file"), "it"),
            (variable("FILE").into(), "{}"),
        ] {
            assert_eq!(read(path), text, "{pins:?}");
        }
    }
}

#[test]
fn what_would_name_the_snapshot_is_refused_at_its_place() {
    for pins in PINS {
        for value in ["[ \"a\" [ (toString ./sub) ] ]", "{ outPath = toString ./sub; }"] {
            let fault = case(pins, &format!("{{ mkShell }}:\nmkShell {{\n  V = {value};\n}}\n")).fault();
            assert!(fault.contains("`V` names a file of the snapshot"), "{fault}");
            assert!(fault.contains("crate-env.nix:3:3"), "{fault}");
            assert!(fault.contains("${./file}"), "{fault}");
        }
    }
}

#[test]
fn a_text_that_would_name_the_snapshot_is_refused() {
    let over_any = [
        "{ }: { env.A = builtins.toFile \"x\" (toString ./d.json); }",
        "{ runCommand }: { buildInputs = [ (runCommand \"x\" { a = toString ./d.json; } \"mkdir $out\") ]; }",
    ];
    let over_host = [
        "{ writeText }: { env.A = writeText \"x\" (toString ./d.json); }",
        "{ writeText }: { env.A = writeText \"x\" \"cat ${toString ./d.json};\"; }",
    ];
    let cases = PINS
        .iter()
        .flat_map(|pins| over_any.iter().map(move |text| (*pins, *text)));
    for (pins, text) in cases.chain(over_host.map(|text| (PINS[0], text))) {
        let fault = case(pins, text).fault();
        assert!(
            fault.contains("`x` names <project>/d.json as it is in the snapshot"),
            "{text}: {fault}"
        );
    }
}
