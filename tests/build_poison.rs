//! Whatever can change a unit is changed alone, with real cargo: exactly the
//! units that it can reach are others, and the program says what one that plain
//! cargo has built says, also where a seed of the unchanged project is at hand. What must not matter is changed alone, too: all hits.

mod build_help;
mod common;

use build_help::{ALL, Build, append, await_seeds, build, checkout, edit, set};
use common::units::Units;
use common::{both, run};
use std::path::Path;
use std::process::Command;

/// One change: to the project's files, to the call of cargo; the units that it
/// reaches; and a part of what the program says then, nothing if it says the same.
struct Change {
    what: &'static str,
    files: fn(&Path),
    cargo: fn(&mut Command),
    reaches: &'static [&'static str],
    says: &'static str,
}

/// What the base package reaches.
const BASE: &[&str] = &["base lib", "derive proc-macro", "top lib"];

/// What a run of the native package's build script reaches.
const RUN: &[&str] = &["native lib", "native run", "top lib", "user lib", "user run"];

fn manifest(project: &Path, text: &str) {
    append(&project.join("Cargo.toml"), text);
}

/// The program of `project` as plain cargo builds it, in a target directory of its own.
fn plainly(units: &Units, project: &Path, configure: fn(&mut Command)) -> String {
    let mut command = units.plain_cargo(project);
    configure(command.args(["run", "--quiet", "--target-dir", "plain"]));
    let output = run(&mut command);
    assert!(output.status.success(), "{}", both(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn first(units: &Units) -> Build {
    let project = checkout(units, "first");
    let first = build(units, units.cargo(&project).arg("run"));
    assert_eq!(first.said, plainly(units, &project, |_| ()));
    first.assert_store_backed("app", "at first");
    // What it leaves for other checkouts is no reason to take less account of a change.
    await_seeds(units, 1);
    first
}

fn poison(changes: &[Change]) {
    let units = Units::new();
    let first = first(&units);
    for change in changes {
        let what = change.what;
        // Where it was, a build would find what the first one has left for it.
        std::fs::remove_dir_all(units.world.path().join("first")).unwrap();
        let project = checkout(&units, "first");
        (change.files)(&project);
        let mut command = units.cargo(&project);
        (change.cargo)(command.arg("run"));
        let changed = build(&units, &mut command);
        changed.assert_store_backed("app", what);
        if change.says.is_empty() {
            assert_eq!(changed.said, first.said, "{what}");
        } else {
            assert_ne!(changed.said, first.said, "{what}");
            assert_eq!(changed.said, plainly(&units, &project, change.cargo), "{what}");
        }
        assert!(changed.said.contains(change.says), "{what}: {}", changed.said);
        assert_eq!(changed.changed(&first), set(change.reaches), "{what}");
    }
}

fn profile(
    what: &'static str,
    files: fn(&Path),
    reaches: &'static [&'static str],
    says: &'static str,
) -> Change {
    Change {
        what,
        files,
        cargo: |_| (),
        reaches,
        says,
    }
}

#[test]
fn profiles() {
    poison(&[
        profile(
            "opt-level",
            |p| manifest(p, "[profile.dev]\nopt-level = 1\n"),
            &[
                "base lib",
                "derive proc-macro",
                "native lib",
                "native run",
                "top lib",
                "user lib",
                "user run",
            ],
            "opt=1",
        ),
        profile(
            "debug",
            |p| manifest(p, "[profile.dev]\ndebug = false\n"),
            ALL,
            "debug=false",
        ),
        profile(
            "panic",
            |p| manifest(p, "[profile.dev]\npanic = 'abort'\n"),
            &[
                "base lib",
                "derive proc-macro",
                "native lib",
                "top lib",
                "user lib",
            ],
            "abort=true",
        ),
        profile("lto", |p| manifest(p, "[profile.dev]\nlto = 'thin'\n"), ALL, ""),
        profile(
            "codegen-units",
            |p| manifest(p, "[profile.dev]\ncodegen-units = 3\n"),
            &[
                "base lib",
                "derive proc-macro",
                "native lib",
                "top lib",
                "user lib",
            ],
            "",
        ),
        profile(
            "strip",
            |p| manifest(p, "[profile.dev]\nstrip = 'symbols'\n"),
            ALL,
            "",
        ),
        profile(
            "split-debuginfo",
            |p| manifest(p, "[profile.dev]\nsplit-debuginfo = 'packed'\n"),
            ALL,
            "",
        ),
        profile(
            "debug-assertions",
            |p| manifest(p, "[profile.dev]\ndebug-assertions = false\n"),
            ALL,
            "asserts=false",
        ),
        profile(
            "override",
            |p| manifest(p, "[profile.dev.package.base]\ndebug-assertions = false\n"),
            BASE,
            "asserts=false",
        ),
        profile(
            "build-override",
            |p| manifest(p, "[profile.dev.build-override]\ndebug-assertions = false\n"),
            ALL,
            "asserts=false",
        ),
    ]);
}

#[test]
fn sources_and_flags() {
    poison(&[
        Change {
            what: "a byte of source",
            files: |p| edit(&p.join("vendor/base/src/lib.rs"), "text=1", "text=2"),
            cargo: |_| (),
            reaches: BASE,
            says: "text=2",
        },
        Change {
            what: "a header of OUT_DIR",
            files: |p| edit(&p.join("vendor/native/build.rs"), "opt={}", "optimised={}"),
            cargo: |_| (),
            reaches: &[
                "native build-script",
                "native lib",
                "native run",
                "top lib",
                "user lib",
                "user run",
            ],
            says: "optimised=0",
        },
        Change {
            what: "a feature",
            files: |p| {
                edit(
                    &p.join("Cargo.toml"),
                    "top = \"1\"",
                    "top = { version = \"1\", features = [\"extra\"] }",
                )
            },
            cargo: |_| (),
            reaches: BASE,
            says: "extra=true",
        },
        Change {
            what: "the edition",
            files: |p| edit(&p.join("vendor/base/Cargo.toml"), "2021", "2018"),
            cargo: |_| (),
            reaches: BASE,
            says: "Option<&u8>",
        },
        Change {
            what: "a cfg",
            files: |_| (),
            cargo: |c| {
                c.env("RUSTFLAGS", "--cfg poison");
            },
            reaches: ALL,
            says: "cfg=true",
        },
        Change {
            what: "a flag",
            files: |_| (),
            cargo: |c| {
                c.env("RUSTFLAGS", "-Ctarget-feature=+avx2");
            },
            reaches: ALL,
            says: "target=avx2",
        },
        Change {
            what: "the linker",
            files: |_| (),
            cargo: |c| {
                c.env("RUSTFLAGS", "-Clinker=gcc");
            },
            reaches: ALL,
            says: "",
        },
        Change {
            what: "the linker of a target",
            files: |p| {
                append(
                    &p.join(".cargo/config.toml"),
                    "[target.x86_64-unknown-linux-gnu]\nlinker = 'gcc'\n",
                )
            },
            cargo: |_| (),
            reaches: ALL,
            says: "",
        },
        Change {
            what: "flags by configuration",
            files: |p| {
                append(
                    &p.join(".cargo/config.toml"),
                    "[build]\nrustflags = ['--cfg=poison']\n",
                )
            },
            cargo: |_| (),
            reaches: ALL,
            says: "cfg=true",
        },
        Change {
            what: "--target",
            files: |_| (),
            cargo: |c| {
                c.arg("--target=x86_64-unknown-linux-gnu");
            },
            reaches: ALL,
            says: "",
        },
        Change {
            what: "flags of target units alone",
            files: |_| (),
            cargo: |c| {
                c.arg("--target=x86_64-unknown-linux-gnu")
                    .env("RUSTFLAGS", "--cfg poison");
            },
            reaches: ALL,
            says: "cfg=true",
        },
        Change {
            what: "a variable that a macro reads",
            files: |_| (),
            cargo: |c| {
                c.env("BASE_NOTE", "x");
            },
            reaches: BASE,
            says: "note=x",
        },
        Change {
            what: "[env]",
            files: |p| append(&p.join(".cargo/config.toml"), "[env]\nBASE_NOTE = 'y'\n"),
            cargo: |_| (),
            reaches: BASE,
            says: "note=y",
        },
        Change {
            what: "a variable that a script watches",
            files: |_| (),
            cargo: |c| {
                c.env("NATIVE_NOTE", "x");
            },
            reaches: RUN,
            says: "note=x",
        },
        Change {
            what: "CC",
            files: |_| (),
            cargo: |c| {
                c.env("CC", "gcc");
            },
            reaches: RUN,
            says: "",
        },
        Change {
            what: "release",
            files: |_| (),
            cargo: |c| {
                c.arg("--release");
            },
            reaches: ALL,
            says: "profile=release",
        },
    ]);
}
