//! What surrounds a build is changed alone: what crate-env.nix gives to units
//! reaches those that get it; who builds, where and how loudly reaches none.

mod build_help;
mod common;

use build_help::{ALL, Build, build, build_in, checkout, set};
use common::units::{Units, cargo_home};
use common::{run, success};
use std::path::{Path, PathBuf};
use std::process::Command;

const PATH: &str = "export PATH=/usr/bin:/bin";

/// What an environment of the native package's units alone reaches.
const NATIVE: &[&str] = &[
    "native build-script",
    "native lib",
    "native run",
    "top lib",
    "user lib",
    "user run",
];

fn built(units: &Units, name: &str) -> Build {
    let project = checkout(units, name);
    let built = build(units, units.cargo(&project).arg("run"));
    built.assert_store_backed("app", name);
    built
}

/// A package's description for pkg-config, in the store.
fn library(units: &Units, version: &str) -> String {
    let text = format!("Name: poison\nDescription: none\nVersion: {version}\n");
    units.world.write("library/poison.pc", &text);
    units.import("library")
}

/// A directory with a header, in the store.
fn header(units: &Units, says: &str) -> String {
    let text = format!("#define HEADER \"{says}\"\n");
    units.world.write("include/poison.h", &text);
    units.import("include")
}

/// A C compiler in the store: the machine's, under another name for itself.
fn compiler(units: &Units, name: &str) -> String {
    let call = format!("exec /usr/bin/cc -DCOMPILER='\"{name}\"' \"$@\"");
    units.world.script("compiler/cc", &call);
    std::fs::remove_file(units.world.path().join("compiler/cc.text")).unwrap();
    units.import("compiler")
}

#[test]
fn what_crate_env_gives_reaches_those_that_get_it() {
    let units = Units::new();
    let first = built(&units, "first");
    let steps: [(String, &str); 8] = [
        (format!("{PATH} NATIVE_CRATE=one"), "crate=one"),
        (format!("{PATH} NATIVE_CRATE=two"), "crate=two"),
        (
            format!("{PATH} PKG_CONFIG_PATH={}", library(&units, "1.2.3")),
            "library=1.2.3",
        ),
        (
            format!("{PATH} PKG_CONFIG_PATH={}", library(&units, "1.2.4")),
            "library=1.2.4",
        ),
        (
            format!("export PATH={}:/usr/bin:/bin", compiler(&units, "one")),
            "compiler=one",
        ),
        (
            format!("export PATH={}:/usr/bin:/bin", compiler(&units, "two")),
            "compiler=two",
        ),
        // Of a C library of one name and version, a header alone.
        (
            format!("{PATH} C_INCLUDE_PATH={}", header(&units, "one")),
            "header=one",
        ),
        (
            format!("{PATH} C_INCLUDE_PATH={}", header(&units, "two")),
            "header=two",
        ),
    ];
    let mut before = first;
    for (at, (shell, says)) in steps.iter().enumerate() {
        units.set_crate("native", shell, true);
        let now = built(&units, &format!("step-{at}"));
        assert_eq!(now.changed(&before), set(NATIVE), "{shell}");
        assert!(now.said.contains(says), "{shell}: {}", now.said);
        before = now;
    }
    // And back: nothing is built again.
    units.set_crate("native", &steps[0].0, true);
    let back = built(&units, "back");
    assert!(
        back.said.contains("crate=one") && back.missed == set(&["app bin"]),
        "{back:?}"
    );

    units.set_environment(&format!("{PATH} BASE_NOTE=all"));
    let all = built(&units, "all");
    let expected: Vec<_> = ALL
        .iter()
        .filter(|unit| !unit.starts_with("native "))
        .copied()
        .collect();
    assert!(all.changed(&back).is_superset(&set(&expected)), "{all:?}");
    assert!(
        all.said.contains("note=all") && all.said.contains("crate=one"),
        "{}",
        all.said
    );
}

/// What must not matter: where the project is put, what is done to it, and how cargo is called.
type Difference = (&'static str, &'static str, fn(&Path), fn(&Units, &mut Command));

fn elsewhere(units: &Units, name: &str) -> PathBuf {
    let path = units.world.path().join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

const NOTHING: [Difference; 16] = [
    ("the checkout's path", "other/deeper/place", |_| (), |_, _| ()),
    ("a path with a blank", "a place", |_| (), |_, _| ()),
    (
        "CARGO_HOME",
        "cargo-home",
        |_| (),
        |units, cargo| {
            cargo.env("CARGO_HOME", elsewhere(units, "cargo home"));
        },
    ),
    (
        "USER and LOGNAME",
        "user",
        |_| (),
        |_, cargo| {
            cargo.envs([("USER", "someone"), ("LOGNAME", "someone")]);
        },
    ),
    (
        "the time",
        "time",
        |project| {
            let files = [
                "vendor/base/src/lib.rs",
                "vendor/native/build.rs",
                "vendor/native/native.c",
            ];
            for file in files {
                success(
                    Command::new("touch")
                        .args(["-d", "2001-01-01"])
                        .arg(project.join(file)),
                );
            }
        },
        |_, cargo| {
            cargo.env("SOURCE_DATE_EPOCH", "1");
        },
    ),
    (
        "-j",
        "jobs",
        |_| (),
        |_, cargo| {
            cargo.arg("-j1");
        },
    ),
    (
        "the terminal's width",
        "width",
        |_| (),
        |_, cargo| {
            cargo.args([
                "--config",
                "term.progress.when='always'",
                "--config",
                "term.progress.width=40",
            ]);
            cargo.env("COLUMNS", "40");
        },
    ),
    (
        "colours",
        "colours",
        |_| (),
        |_, cargo| {
            cargo.args(["--color", "always"]).env("CLICOLOR_FORCE", "1");
        },
    ),
    (
        "-v",
        "loud",
        |_| (),
        |_, cargo| {
            cargo.arg("-v");
        },
    ),
    (
        "-vv",
        "louder",
        |_| (),
        |_, cargo| {
            cargo.arg("-vv");
        },
    ),
    (
        "-q",
        "quiet",
        |_| (),
        |_, cargo| {
            cargo.arg("-q");
        },
    ),
    (
        "how diagnostics look",
        "short",
        |_| (),
        |_, cargo| {
            cargo.args(["--message-format", "short"]);
        },
    ),
    (
        "unrelated variables",
        "variables",
        |_| (),
        |_, cargo| {
            cargo.envs([
                ("EDITOR", "vi"),
                ("LANG", "C"),
                ("TERM", "xterm"),
                ("RUST_LOG", "none"),
                ("RUST_BACKTRACE", "1"),
            ]);
        },
    ),
    (
        "a tool in `tools`",
        "tools",
        |_| (),
        |units, cargo| {
            let path = std::env::join_paths([
                elsewhere(units, "tools/bin"),
                Path::new(&units.toolchain).join("bin"),
                "/usr/bin".into(),
                "/bin".into(),
            ]);
            cargo.env("PATH", path.unwrap());
        },
    ),
    (
        "the target directory",
        "target-dir",
        |_| (),
        |units, cargo| {
            cargo.env("CARGO_TARGET_DIR", elsewhere(units, "of all/targets"));
        },
    ),
    (
        "the modes that a umask gives",
        "umask",
        |project| {
            success(Command::new("chmod").args(["-R", "go-rwx"]).arg(project));
        },
        |_, _| (),
    ),
];

#[test]
fn what_must_not_matter_gives_hits() {
    let units = Units::new();
    let first = built(&units, "first");
    for (what, place, files, configure) in NOTHING {
        std::fs::create_dir_all(units.world.path().join(place).parent().unwrap()).unwrap();
        let project = checkout(&units, place);
        files(&project);
        let mut command = units.cargo(&project);
        configure(&units, command.arg("run"));
        let again = build(&units, &mut command);
        assert!(again.said.ends_with(&first.said), "{what}: {}", again.said);
        assert_eq!(again.changed(&first), set(&[]), "{what}: {again:?}");
        assert_eq!(again.missed, set(&["app bin"]), "{what}");
    }
    // The same project, built by plain cargo, is what it was.
    let output = run(units.plain_cargo(&checkout(&units, "plain")).args(["run", "-q"]));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), first.said);
}

/// Another user over the same store, whose cache knows of no unit: each is where it
/// was, and nothing is compiled.
#[test]
fn another_home_with_a_cache_of_its_own_compiles_nothing() {
    let units = Units::new();
    let first = built(&units, "first");
    let home = elsewhere(&units, "someone");
    let cache = units.another_cache("someone/.cache");
    let project = checkout(&units, "second");
    let mut cargo = units.cargo(&project);
    let again = build_in(&units, cargo.env("HOME", home).arg("run"), &cache);
    assert_eq!(again.said, first.said);
    assert_eq!(again.changed(&first), set(&[]), "{again:?}");
    assert_eq!(again.compiled, set(&["app bin"]), "{again:?}");
    assert!(again.missed.is_superset(&set(ALL)), "{again:?}");
}

/// What cargo downloaded and unpacked itself lies below its home: another one of
/// those gives hits.
#[test]
fn another_cargo_home_with_its_own_sources_gives_hits() {
    let units = Units::new();
    let project = |name: &str| {
        units.project(
            name,
            "itoa = \"=1.0.11\"",
            "fn main() { print!(\"{}\", itoa::Buffer::new().format(42)); }",
        )
    };
    let first = build(&units, units.cargo(&project("one")).arg("run"));
    first.assert_store_backed("one", "one");
    let home = units.world.path().join("another cargo");
    success(Command::new("cp").arg("-a").args([&cargo_home(), &home]));
    // It unpacks them itself.
    std::fs::remove_dir_all(home.join("registry/src")).unwrap();
    let other = project("two");
    let mut cargo = units.cargo(&other);
    let again = build(&units, cargo.env("CARGO_HOME", &home).args(["run", "--offline"]));
    assert_eq!(again.said, "42");
    assert_eq!(again.units["itoa lib"], first.units["itoa lib"], "{again:?}");
    assert_eq!(again.missed, set(&["two bin"]), "{again:?}");
}
