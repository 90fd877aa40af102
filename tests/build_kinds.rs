//! Every kind of unit and of source, and every way of calling cargo: the
//! dependencies come from the store, the program says what plain cargo's says,
//! the next build has nothing to do, and another checkout has hits.

mod build_help;
mod common;

use build_help::{append, build, checkout, demo, edit, set};
use common::units::Units;
use common::{both, run, success};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes a package below `directory`: its manifest after `[package]`'s first
/// three lines, and its files.
fn package(directory: &Path, name: &str, version: &str, manifest: &str, files: &[(&str, &str)]) {
    let text =
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n{manifest}\n");
    for (path, text) in [("Cargo.toml", &*text), (".cargo-checksum.json", "{\"files\":{}}")]
        .iter()
        .chain(files)
    {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Adds a dependency to the fixture, and `expression` to what it prints.
fn depend(project: &Path, dependency: &str, expression: &str) {
    append(&project.join("Cargo.toml"), &format!("{dependency}\n"));
    let print = format!("    println!(\"{{}}\", {expression});\n}}");
    edit(&project.join("src/main.rs"), "\n}", &format!("\n{print}"));
}

/// Builds and runs what `make` makes of the fixture: see the module.
fn kind(units: &Units, name: &str, make: impl Fn(&Path), call: impl Fn(&mut Command)) {
    let checkouts: Vec<PathBuf> = ["one", "two", "plain"]
        .iter()
        .map(|checkout_name| {
            let project = checkout(units, &format!("{name}-{checkout_name}"));
            make(&project);
            project
        })
        .collect();
    let cargo = |project: &Path| {
        let mut command = units.cargo(project);
        call(&mut command);
        command
    };
    let first = build(units, &mut cargo(&checkouts[0]));
    first.assert_store_backed("app", name);
    let again = build(units, &mut cargo(&checkouts[0]));
    assert!(again.units.is_empty(), "{name}, again: {again:?}");
    let other = build(units, &mut cargo(&checkouts[1]));
    other.assert_store_backed("app", name);
    let own = |unit: &String| unit.starts_with("app ");
    assert!(
        other.missed.iter().all(own),
        "{name}, elsewhere: {:?}",
        other.missed
    );
    let mut plain = units.plain_cargo(&checkouts[2]);
    call(&mut plain);
    let output = run(&mut plain);
    assert!(output.status.success(), "{name}: {}", both(&output));
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    for build in [&first, &again, &other] {
        assert_eq!(build.said, said, "{name}");
    }
}

fn cargo_run(command: &mut Command) {
    command.args(["run", "-q"]);
}

const SAYS: &str = "pub fn said() -> &'static str { \"said\" }";

#[test]
fn kinds_of_crates() {
    let units = Units::new();
    let make = |project: &Path| {
        let vendor = project.join("vendor");
        package(
            &vendor.join("shared"),
            "shared",
            "1.0.0",
            "[lib]\ncrate-type = ['dylib']",
            &[("src/lib.rs", SAYS)],
        );
        depend(project, "shared = \"1\"", "shared::said()");
    };
    kind(&units, "dylib", make, cargo_run);
    let make = |project: &Path| {
        let vendor = project.join("vendor");
        let manifest = "[lib]\ncrate-type = ['lib', 'cdylib', 'staticlib']";
        package(
            &vendor.join("mixed"),
            "mixed",
            "1.0.0",
            manifest,
            &[("src/lib.rs", SAYS)],
        );
        depend(project, "mixed = \"1\"", "mixed::said()");
    };
    kind(&units, "mixed", make, cargo_run);
}

/// A build script that asks rustc what it can do, and cargo who it is.
const PROBE: &str = r#"
use std::process::Command;
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let file = format!("{out}/probe.rs");
    std::fs::write(&file, "pub fn f() {}").unwrap();
    let rustc = std::env::var("RUSTC").unwrap();
    let mut probe = Command::new(&rustc);
    if let Ok(wrapper) = std::env::var("RUSTC_WRAPPER") { probe = Command::new(wrapper); probe.arg(&rustc); }
    let probed = probe.args(["--crate-name", "probe", "--crate-type=lib", "--emit=metadata", "--out-dir", &out, &file]);
    println!("cargo::rustc-check-cfg=cfg(probed)");
    if probed.status().unwrap().success() { println!("cargo::rustc-cfg=probed"); }
    let cargo = Command::new(std::env::var("CARGO").unwrap()).arg("--version").output().unwrap();
    println!("cargo::rustc-env=CARGO_SAID={}", String::from_utf8(cargo.stdout).unwrap().trim());
}
"#;

#[test]
fn scripts_that_call_the_compiler_and_crates_in_several_versions() {
    let units = Units::new();
    let make = |project: &Path| {
        let lib = "pub fn said() -> String { format!(\"{} {}\", cfg!(probed), env!(\"CARGO_SAID\")) }";
        let files = [("build.rs", PROBE), ("src/lib.rs", lib)];
        package(&project.join("vendor/probing"), "probing", "1.0.0", "", &files);
        depend(project, "probing = \"1\"", "probing::said()");
    };
    kind(&units, "probing", make, cargo_run);
    let make = |project: &Path| {
        package(
            &project.join("vendor/base-2"),
            "base",
            "2.0.0",
            "",
            &[("src/lib.rs", SAYS)],
        );
        depend(
            project,
            "newer = { package = \"base\", version = \"2\" }",
            "newer::said()",
        );
        // With one set of features for the program, with another for its build script.
        depend(
            project,
            "top1 = { package = \"top\", version = \"1\", features = [\"extra\"] }",
            "top1::facts()",
        );
        append(
            &project.join("Cargo.toml"),
            "[build-dependencies]\nbase = \"1\"\n",
        );
        let script = "fn main() { println!(\"cargo::rustc-env=FACTS={}\", base::facts()); }";
        std::fs::write(project.join("build.rs"), script).unwrap();
        edit(&project.join("src/main.rs"), "top::facts()", "env!(\"FACTS\")");
        edit(&project.join("Cargo.toml"), "top = \"1\"\n", "");
    };
    kind(&units, "versions", make, cargo_run);
}

/// A git repository of what is in `directory`; gives its URL.
fn repository(units: &Units, directory: &Path) -> String {
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "commit",
            "-q",
            "-m",
            "all",
        ],
    ] {
        success(units.world.command("git").args(arguments).current_dir(directory));
    }
    format!("file://{}", directory.display())
}

#[test]
fn git_and_patches() {
    let units = Units::new();
    let root = units.world.path().join("repository");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(
        root.join("Cargo.toml"),
        "[workspace]\nmembers = [\"outer\", \"inner\", \"base\"]\nresolver = \"2\"\n",
    )
    .unwrap();
    let outer = "pub fn said() -> String { format!(\"outer {}{}\", inner::said(), include_str!(\"../../shared.txt\")) }";
    package(
        &root.join("outer"),
        "outer",
        "1.0.0",
        "[dependencies]\ninner = { path = \"../inner\" }",
        &[("src/lib.rs", outer)],
    );
    package(&root.join("inner"), "inner", "1.0.0", "", &[("src/lib.rs", SAYS)]);
    let base = "pub fn facts() -> String { \"patched\".into() }";
    package(
        &root.join("base"),
        "base",
        "1.0.1",
        "[features]\nextra = []",
        &[("src/lib.rs", base)],
    );
    std::fs::write(root.join("shared.txt"), " of all").unwrap();
    let url = repository(&units, &root);
    let home = units.world.path().join("cargo-home");
    let call = |command: &mut Command| {
        command.args(["run", "-q"]).env("CARGO_HOME", &home);
    };
    let git = |project: &Path| {
        depend(
            project,
            &format!("outer = {{ git = \"{url}\" }}"),
            "outer::said()",
        )
    };
    kind(&units, "git", git, call);
    let patch = |project: &Path| {
        append(
            &project.join("Cargo.toml"),
            &format!("[patch.crates-io]\nbase = {{ git = \"{url}\" }}\n"),
        );
    };
    kind(&units, "patch", patch, call);
}

/// A registry of one package, whose index is a git repository.
#[test]
fn an_alternative_registry() {
    let units = Units::new();
    let root = units.world.path().join("registry");
    let crates = root.join("crates");
    package(
        &crates.join("alt-1.0.0"),
        "alt",
        "1.0.0",
        "",
        &[("src/lib.rs", SAYS)],
    );
    std::fs::remove_file(crates.join("alt-1.0.0/.cargo-checksum.json")).unwrap();
    success(
        units
            .world
            .command("tar")
            .args(["czf", "alt-1.0.0.crate", "alt-1.0.0"])
            .current_dir(&crates),
    );
    let sum = success(
        units
            .world
            .command("sha256sum")
            .arg("alt-1.0.0.crate")
            .current_dir(&crates),
    );
    let sum = sum.split_whitespace().next().unwrap();
    let index = root.join("index");
    std::fs::create_dir_all(index.join("3/a")).unwrap();
    let download = format!("file://{}/{{crate}}-{{version}}.crate", crates.display());
    std::fs::write(index.join("config.json"), format!("{{\"dl\":\"{download}\"}}")).unwrap();
    let line = format!(
        "{{\"name\":\"alt\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"{sum}\",\"features\":{{}},\"yanked\":false}}\n"
    );
    std::fs::write(index.join("3/a/alt"), line).unwrap();
    let url = repository(&units, &index);
    let home = units.world.path().join("cargo-home");
    let make = |project: &Path| {
        append(
            &project.join(".cargo/config.toml"),
            &format!("[registries.alternative]\nindex = \"{url}\"\n"),
        );
        depend(
            project,
            "alt = { version = \"1\", registry = \"alternative\" }",
            "alt::said()",
        );
    };
    kind(&units, "registry", make, |command| {
        command.args(["run", "-q"]).env("CARGO_HOME", &home);
    });
}

#[test]
fn ways_of_calling_cargo() {
    let units = Units::new();
    let nothing = |_: &Path| ();
    let custom = |project: &Path| {
        append(
            &project.join("Cargo.toml"),
            "[profile.fast]\ninherits = 'release'\nlto = true\npanic = 'abort'\nstrip = true\n",
        );
    };
    kind(&units, "custom", custom, |command| {
        command.args(["run", "-q", "--profile=fast"]);
    });
    let apart = |project: &Path| {
        append(
            &project.join(".cargo/config.toml"),
            "[build]\nbuild-dir = \"elsewhere\"\n",
        )
    };
    kind(&units, "build-dir", apart, cargo_run);
    kind(&units, "argfile", nothing, |command| {
        command.args(["run", "-q"]).env("__CARGO_TEST_FORCE_ARGFILE", "1");
    });
    kind(&units, "target", nothing, |command| {
        command
            .args([
                "run",
                "-q",
                "--target",
                "x86_64-unknown-linux-gnu",
                "-Zunstable-options",
            ])
            .env("RUSTC_BOOTSTRAP", "1");
    });
    let tested = |project: &Path| {
        append(
            &project.join("src/main.rs"),
            "\n#[test]\nfn facts() { assert!(top::facts().contains(\"text=1\")); }\n",
        );
    };
    for verb in ["check", "clippy", "test", "bench", "doc"] {
        let silent = |command: &mut Command| {
            command.arg(verb);
        };
        let project = checkout(&units, verb);
        tested(&project);
        let mut command = units.cargo(&project);
        silent(&mut command);
        let first = build(&units, &mut command);
        first.assert_store_backed("app", verb);
        assert!(!first.units.is_empty(), "{verb}");
        let mut command = units.cargo(&project);
        silent(&mut command);
        assert_eq!(build(&units, &mut command).missed, set(&[]), "{verb}, again");
    }
}

/// With the debug information apart from the programs, a debugger finds that of
/// the units of the store too: in the files that a program names, or in the one
/// beside it.
#[test]
fn debug_information_that_stays_apart() {
    let units = Units::new();
    for split in ["unpacked", "packed"] {
        let make = |project: &Path| {
            append(
                &project.join("Cargo.toml"),
                &format!("[profile.dev]\nsplit-debuginfo = '{split}'\n"),
            );
        };
        kind(&units, split, make, cargo_run);
        let [plain, one, two] = ["plain", "one", "two"].map(|checkout| {
            let program = units
                .world
                .path()
                .join(format!("{split}-{checkout}/target/debug/app"));
            let packed = program.with_extension("dwp");
            crates_with_debug_information(if split == "packed" { &packed } else { &program })
        });
        for ours in [one, two] {
            assert_eq!(ours, plain, "{split}");
        }
        for base in ["base", "top", "native"] {
            assert!(plain.contains(base), "{split}: {plain:?}");
        }
    }
}

/// The crates whose debug information a program names (by files, each of which
/// is there), or a .dwp holds.
fn crates_with_debug_information(file: &Path) -> BTreeSet<String> {
    let listing = success(Command::new("readelf").arg("-wi").arg(file));
    let mut crates = BTreeSet::new();
    let mut object = None;
    for line in listing.lines() {
        let value = line.rsplit_once(": ").map_or("", |(_, value)| value.trim());
        if let Some((_, unit)) = value.split_once("/@/") {
            crates.extend(unit.split('.').next().map(str::to_owned));
        } else if line.contains("DW_AT_dwo_name") {
            object = Some(value);
        } else if let Some(object) = object.take_if(|_| line.contains("DW_AT_comp_dir")) {
            let object = Path::new(value).join(object);
            assert!(object.exists(), "{} is not there", object.display());
            let name = object.file_name().unwrap().to_string_lossy().into_owned();
            crates.extend(name.split('-').next().map(str::to_owned));
        }
    }
    crates
}

/// For a machine of another kind, whose standard library nobody has here: crates
/// that need none of it, and a build script, which is of this machine.
#[test]
fn a_foreign_target() {
    let units = Units::new();
    let bare = "#![feature(no_core)]\n#![no_core]\n";
    let make = |name: &str| {
        let demo = format!("{bare}#[cfg(scripted)] #[macro_export] macro_rules! nothing {{ () => {{}} }}\n");
        let script =
            "fn main() { println!(\"cargo::rustc-check-cfg=cfg(scripted)\\ncargo::rustc-cfg=scripted\"); }";
        let project = demo::project(&units, name, &demo, Some(script));
        std::fs::remove_file(project.join("src/main.rs")).unwrap();
        std::fs::write(project.join("src/lib.rs"), format!("{bare}demo::nothing!();\n")).unwrap();
        project
    };
    for target in ["wasm32-unknown-unknown", "aarch64-unknown-linux-gnu"] {
        let cargo = |project: &Path| {
            let mut command = units.cargo(project);
            command
                .args(["build", "-q", "--target", target])
                .env("RUSTC_BOOTSTRAP", "1");
            command
        };
        let [one, two] = ["one", "two"].map(|name| make(&format!("{target}-{name}")));
        let first = build(&units, &mut cargo(&one));
        first.assert_store_backed(&format!("{target}-one"), target);
        assert!(first.missed.contains("demo lib"), "{target}: {first:?}");
        let again = build(&units, &mut cargo(&one));
        assert!(again.units.is_empty(), "{target}, again: {again:?}");
        let other = build(&units, &mut cargo(&two));
        assert_eq!(
            other.missed,
            set(&[&format!("{target}-two lib")]),
            "{target}, elsewhere"
        );
        assert_eq!(other.units["demo lib"], first.units["demo lib"]);
    }
}
