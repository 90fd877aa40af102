//! `cargo-nix why`: the input that changed is named, through dependencies down
//! to where it is.

mod common;

use common::units::Units;
use common::{both, run, success};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project that depends on `outer`, which depends on `inner`; both vendored.
fn project(units: &Units, name: &str) -> PathBuf {
    let project = units.project(
        name,
        "outer = \"1\"",
        "fn main() { println!(\"{}\", outer::said()); }",
    );
    let write = |path: &str, text: &str| units.world.write(&format!("{name}/{path}"), text);
    write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n",
    );
    for (package, more, lib) in [
        (
            "outer",
            "[dependencies]\ninner = \"1\"\n",
            "pub fn said() -> u8 { inner::said() }",
        ),
        (
            "inner",
            "[features]\nmore = []\n",
            "pub fn said() -> u8 { option_env!(\"WHY_FLAVOUR\"); 1 }",
        ),
    ] {
        let manifest =
            format!("[package]\nname = \"{package}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n{more}");
        write(&format!("vendor/{package}/Cargo.toml"), &manifest);
        write(
            &format!("vendor/{package}/.cargo-checksum.json"),
            "{\"files\":{}}",
        );
        // No earlier run of this test has had it built.
        let lib = format!("{lib}\n// {:?}\n", std::time::SystemTime::now());
        write(&format!("vendor/{package}/src/lib.rs"), &lib);
    }
    project
}

fn built(command: &mut Command) {
    let output = run(command.arg("build"));
    assert!(output.status.success(), "{}", both(&output));
}

fn why(units: &Units, unit: &str) -> String {
    success(units.world.cargo_nix().args(["why", unit]))
}

fn clean(units: &Units, project: &Path) {
    let mut cargo = units.cargo(project);
    success(cargo.args(["clean", "-p", "inner", "-p", "outer"]));
}

fn assert_said(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn what_changed_is_named_down_to_its_root() {
    let units = Units::new();
    let project = project(&units, "why");
    built(&mut units.cargo(&project));
    assert_said(
        &why(&units, "inner"),
        &[
            "inner 1.0.0 was built, in `cargo build`",
            "no build before it that is remembered had this unit",
        ],
    );
    assert_said(
        &why(&units, "why"),
        &["was left to cargo", "because it is a member of the workspace"],
    );

    // A variable that is read deep down.
    built(units.cargo(&project).env("WHY_FLAVOUR", "sour"));
    assert_said(
        &why(&units, "inner@1.0.0"),
        &["the variable WHY_FLAVOUR is set now: sour"],
    );
    assert_said(
        &why(&units, "outer"),
        &["  inner-1.0.0, which it depends on, is another:\n    the variable WHY_FLAVOUR is set now: sour\n"],
    );

    // A file.
    units
        .world
        .write("why/vendor/inner/src/lib.rs", "pub fn said() -> u8 { 2 }");
    clean(&units, &project);
    built(units.cargo(&project).env("WHY_FLAVOUR", "sour"));
    assert_said(
        &why(&units, "outer"),
        &[
            "inner-1.0.0, which it depends on, is another:\n    its source is another:\n      src/lib.rs changed\n",
        ],
    );

    // The profile; by the name of a file.
    built(
        units
            .cargo(&project)
            .args(["--config", "profile.dev.opt-level=2"]),
    );
    let file = std::fs::read_dir(project.join("target/debug/deps"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| {
            entry.file_name().to_str().unwrap().starts_with("libinner")
                && entry.path().extension().unwrap() == "rlib"
        })
        .max_by_key(|entry| entry.path().symlink_metadata().unwrap().modified().unwrap())
        .unwrap();
    let text = why(&units, file.path().to_str().unwrap());
    assert_said(&text, &["its arguments changed: +-Copt-level=2"]);
    assert!(!text.contains("metadata"), "{text}");

    // crate-env.nix.
    units.set_crate("inner", "export PATH=/usr/bin:/bin\nexport FLAVOUR=sweet", true);
    clean(&units, &project);
    built(&mut units.cargo(&project));
    assert_said(
        &why(&units, "inner"),
        &["crate-env.nix gives it something else:\n    +export FLAVOUR=sweet\n"],
    );

    clean(&units, &project);
    built(&mut units.cargo(&project));
    assert_said(
        &why(&units, "inner"),
        &["was taken from the store", "it is the same as it was before"],
    );

    let unknown = run(units.world.cargo_nix().args(["why", "iner"]));
    assert_eq!(unknown.status.code(), Some(2));
    assert_said(
        &both(&unknown),
        &[
            "no build that is remembered had a unit iner",
            "did you mean inner?",
        ],
    );
    let json: serde_json::Value =
        serde_json::from_str(&success(units.world.cargo_nix().args(["why", "--json", "inner"]))).unwrap();
    assert_eq!(json["units"][0]["unit"]["outcome"], "hit");
}
