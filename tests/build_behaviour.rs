//! Stock cargo over units of crates made for the purpose, as vendored sources:
//! what a crate can do, what can go wrong, and that the next build is right.

mod build_help;
mod common;

use build_help::checkout;
use build_help::demo::{clean, is_local, only_hits, project, said, stderr};
use common::units::Units;
use common::{both, run};
use std::process::Command;

/// A proc-macro, or a script, that is compiled for coverage writes its counts when it
/// ends, and tells of it where it cannot.
#[test]
fn what_is_compiled_for_coverage_says_nothing_of_it() {
    let units = Units::new();
    let project = checkout(&units, "coverage");
    let output = run(units
        .cargo(&project)
        .env("RUSTFLAGS", "-Cinstrument-coverage")
        .arg("build"));
    let text = both(&output);
    assert!(
        output.status.success() && !text.contains("LLVM Profile"),
        "{text}"
    );
    assert!(!is_local(&output, "derive"), "{text}");
}

#[test]
fn a_variable_that_a_unit_reads_is_part_of_its_key() {
    let units = Units::new();
    let lib = "pub fn said() -> &'static str { option_env!(\"DEMO_FLAVOUR\").unwrap_or(\"none\") }";
    let project = project(&units, "flavour", lib, None);
    assert_eq!(said(&mut units.cargo(&project)), "none");
    for flavour in ["sweet", "sour"] {
        assert_eq!(said(units.cargo(&project).env("DEMO_FLAVOUR", flavour)), flavour);
    }
    for flavour in ["sour", "sweet"] {
        assert_eq!(
            said(only_hits(units.cargo(&project).env("DEMO_FLAVOUR", flavour))),
            flavour
        );
    }
    assert_eq!(said(only_hits(&mut units.cargo(&project))), "none");
}

/// What was noted of a unit when it was built is lost: it is not served to those
/// whose variables are others.
#[test]
fn a_unit_is_no_hit_when_it_is_forgotten_what_it_read() {
    let units = Units::new();
    let lib = "pub fn said() -> &'static str { option_env!(\"DEMO_FORGOTTEN\").unwrap_or(\"none\") }";
    let first = project(&units, "forgotten", lib, None);
    assert_eq!(said(&mut units.cargo(&first)), "none");
    std::fs::remove_dir_all(units.world.cache().join("units/tracked")).unwrap();
    let second = project(&units, "remembered", lib, None);
    assert_eq!(said(units.cargo(&second).env("DEMO_FORGOTTEN", "set")), "set");
}

#[test]
fn an_edited_source_is_compiled_again() {
    let units = Units::new();
    let one = project(&units, "edited", "pub fn said() -> u8 { 1 }", None);
    assert_eq!(said(&mut units.cargo(&one)), "1");
    units
        .world
        .write("edited/vendor/demo/src/lib.rs", "pub fn said() -> u8 { 2 }");
    clean(&units, &one);
    assert_eq!(said(&mut units.cargo(&one)), "2");
    units
        .world
        .write("edited/vendor/demo/src/lib.rs", "pub fn said() -> u8 { 1 }");
    clean(&units, &one);
    assert_eq!(said(&mut units.cargo(&one)), "1");
}

const SCRIPT: &str = r#"
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let flavour = std::env::var("DEMO_FLAVOUR").unwrap_or("none".into());
    let file = std::fs::read_to_string(FILE).unwrap_or("absent".into());
    std::fs::write(format!("{out}/said.rs"), format!("{:?}", format!("{flavour} {}", file.trim()))).unwrap();
    println!("cargo:rerun-if-env-changed=DEMO_FLAVOUR");
    println!("cargo::rerun-if-changed={FILE}");
    println!("cargo::rustc-env=DEMO_NOTE=note");
    println!("cargo::rustc-cfg=has_note");
    println!("cargo::rustc-check-cfg=cfg(has_note)");
}
"#;
const LIB: &str = "#[cfg(has_note)] pub fn said() -> String { format!(\"{} {}\", include!(concat!(env!(\"OUT_DIR\"), \"/said.rs\")), env!(\"DEMO_NOTE\")) }";

#[test]
fn a_script_runs_again_when_what_it_watches_has_changed() {
    let units = Units::new();
    let script = format!("const FILE: &str = \"Cargo.toml.none\";\n{SCRIPT}");
    let project = project(&units, "watch", LIB, Some(&script));
    assert_eq!(said(&mut units.cargo(&project)), "none absent note");
    assert_eq!(
        said(units.cargo(&project).env("DEMO_FLAVOUR", "sweet")),
        "sweet absent note"
    );
    assert_eq!(
        said(only_hits(units.cargo(&project).env("DEMO_FLAVOUR", "sweet"))),
        "sweet absent note"
    );
    assert_eq!(said(only_hits(&mut units.cargo(&project))), "none absent note");
    // Editors find generated sources where cargo says they are.
    let build = project.join("target/debug/build");
    let generated = std::fs::read_dir(build)
        .unwrap()
        .any(|entry| entry.unwrap().path().join("out/said.rs").is_file());
    assert!(generated, "said.rs is not in cargo's own OUT_DIR");
}

#[test]
fn a_failing_script_says_what_it_said_and_the_way_out() {
    let units = Units::new();
    let script =
        "fn main() { println!(\"looking\"); eprintln!(\"cannot reach example.org\"); std::process::exit(3) }";
    let project = project(&units, "failing", "", Some(script));
    let output = run(units.cargo(&project).arg("build"));
    assert_eq!(output.status.code(), Some(101));
    let text = stderr(&output);
    for part in [
        "looking",
        "cannot reach example.org",
        "crates.demo.nativeBuildInputs",
        "crates.demo.sandbox = false",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn a_failing_unit_shows_the_error_of_rustc() {
    let units = Units::new();
    let project = project(&units, "broken", "pub fn said() -> u8 { \"text\" }", None);
    let output = run(units.cargo(&project).arg("build"));
    assert_eq!(output.status.code(), Some(101));
    let text = stderr(&output);
    let place = project.join("vendor/demo/src/lib.rs:1:23");
    assert!(
        text.contains("error[E0308]: mismatched types") && text.contains(place.to_str().unwrap()),
        "{text}"
    );
}

#[test]
fn a_package_may_be_kept_out_of_the_sandbox() {
    let units = Units::new();
    let project = project(&units, "free", "pub fn said() -> u8 { 1 }", None);
    units.set_crate("demo", "export PATH=/usr/bin:/bin", false);
    let output = run(units.cargo(&project).arg("run"));
    assert!(is_local(&output, "demo-"), "{}", both(&output));
    assert!(stderr(&output).contains("crates.demo.sandbox is false"));
}

/// Out of the environment and back, between any two builds.
#[test]
fn without_the_wrapper_and_back() {
    let units = Units::new();
    let script = format!("const FILE: &str = \"none\";\n{SCRIPT}");
    let project = project(&units, "back", LIB, Some(&script));
    let expected = "none absent note";
    assert_eq!(said(&mut units.cargo(&project)), expected);
    assert_eq!(said(&mut units.plain_cargo(&project)), expected);
    // Outside, the shim runs the script here, and rustc compiles here.
    assert_eq!(
        said(units.plain_cargo(&project).env("DEMO_FLAVOUR", "outside")),
        "outside absent note"
    );
    assert_eq!(said(&mut units.cargo(&project)), expected);
    clean(&units, &project);
    assert_eq!(said(&mut units.plain_cargo(&project)), expected);
    clean(&units, &project);
    assert_eq!(said(only_hits(&mut units.cargo(&project))), expected);
}

#[test]
fn warnings_are_told_when_they_are_asked_for() {
    let units = Units::new();
    let project = project(
        &units,
        "warned",
        "pub fn said() -> u8 { let unused = 1; 1 }",
        None,
    );
    let warned = |command: &mut Command| stderr(&run(command)).contains("unused variable");
    assert!(!warned(units.cargo(&project).arg("build")));
    clean(&units, &project);
    assert!(
        warned(only_hits(units.cargo(&project).args(["build", "-vv"]))),
        "a hit, with its warnings"
    );
}

/// What rustc said is said on a hit as on the miss: with this terminal's
/// colours, and with the report of what a later Rust will refuse.
#[test]
fn diagnostics_are_on_a_hit_what_they_were_on_the_miss() {
    let units = Units::new();
    let lib =
        "macro_rules! one { () => { 1; } }\npub fn said() -> u8 { let unused = 2; let one = one!(); one }";
    let project = project(&units, "told", lib, None);
    let told = |command: &mut Command| {
        let output = run(command.env_remove("CARGO_NIX_DEBUG"));
        assert!(output.status.success(), "{}", both(&output));
        let text = stderr(&output);
        // What cargo itself says of its work is another matter.
        let own = [
            "Blocking",
            "Locking",
            "Dirty",
            "Compiling",
            "Running",
            "Finished",
            "--id ",
        ];
        let is_told = |line: &&str| !own.iter().any(|word| line.contains(word));
        text.lines()
            .filter(is_told)
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("\n")
    };
    for (colour, flags) in [
        ("always", &["-vv"][..]),
        ("never", &["-vv"]),
        ("always", &[]),
        ("never", &[]),
    ] {
        let flavour = format!("{colour}{}", flags.len());
        let config = format!("build.rustflags=['--cfg={flavour}', '--check-cfg=cfg({flavour})']");
        let arguments = ["build", "--color", colour, "--config", &config];
        let miss = told(units.cargo(&project).args(arguments).args(flags));
        clean(&units, &project);
        let hit = told(only_hits(units.cargo(&project).args(arguments).args(flags)));
        assert_eq!(miss, hit);
        assert_eq!(hit.contains('\u{1b}'), colour == "always", "{hit}");
        assert_eq!(hit.contains("unused variable"), !flags.is_empty(), "{hit}");
        assert!(
            hit.contains("rejected by a future version of Rust: demo v1.0.0"),
            "{hit}"
        );
    }
}

/// Cargo caps the lints of what it downloads, not those of a path dependency,
/// even if that has the marker of a vendored package.
#[test]
fn a_lint_that_refuses_a_unit_refuses_it_from_the_store_too() {
    let units = Units::new();
    let lib = "#![deny(unused_variables)]\npub fn said() -> u8 { let x = 1; 2 }";
    let project = project(&units, "linted", lib, None);
    let build = || run(units.cargo(&project).arg("build").env("CARGO_INCREMENTAL", "0"));
    let capped = build();
    assert!(capped.status.success(), "{}", both(&capped));
    units.world.write("linted/.cargo/config.toml", "[build]\n");
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap();
    for place in ["vendor/demo", "../demo"] {
        let manifest = manifest.replace("demo = \"1\"", &format!("demo = {{ path = \"{place}\" }}"));
        units.world.write("linted/Cargo.toml", &manifest);
        let refused = build();
        assert_eq!(refused.status.code(), Some(101), "{place}: {}", both(&refused));
        assert!(
            stderr(&refused).contains("error: unused variable"),
            "{}",
            both(&refused)
        );
        let _ = std::fs::rename(project.join("vendor/demo"), units.world.path().join("demo"));
    }
}
