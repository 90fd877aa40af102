//! After any edit exactly what plain cargo builds again is built again, and the
//! build after that has nothing to do: two copies of a workspace, one built
//! with units from the store and one without, under the same random steps.
//! `CARGO_NIX_TEST_EDITS` says how many, `CARGO_NIX_TEST_SEED` which.

mod build_help;
mod common;

use build_help::{append, checkout};
use common::units::Units;
use common::{both, run, success};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Two copies of one project.
struct Pair {
    units: Units,
    ours: PathBuf,
    theirs: PathBuf,
    /// Arguments and variables of the builds, which steps change.
    verb: &'static str,
    release: bool,
    note: Option<&'static str>,
    /// Whether the copy with units is built without the wrapper now.
    outside: bool,
}

/// What cargo says of a build: each artifact, and whether it was fresh.
type Artifacts = BTreeSet<(String, String, bool)>;

/// Adds a member with a build script, a module and a file that it includes.
fn grow(project: &Path) {
    let member = project.join("member");
    let write = |path: &str, text: &str| {
        let path = member.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"member\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nbase = \"1\"\n",
    );
    write(
        "build.rs",
        "fn main() { println!(\"cargo::rerun-if-changed=watched.txt\"); }\n",
    );
    write("watched.txt", "watched\n");
    write("src/included.txt", "included\n");
    write(
        "src/module.rs",
        "pub const TEXT: &str = include_str!(\"included.txt\");\n",
    );
    write(
        "src/lib.rs",
        "pub mod module;\npub fn facts() -> String { format!(\"{} {}\", module::TEXT.len(), base::facts()) }\n",
    );
    append(&project.join("Cargo.toml"), "member = { path = \"member\" }\n");
    std::fs::write(
        project.join("src/main.rs"),
        "fn main() { println!(\"{} {}\", top::facts(), member::facts()); }\n",
    )
    .unwrap();
}

impl Pair {
    fn new() -> Pair {
        let units = Units::new();
        let (ours, theirs) = (checkout(&units, "ours"), checkout(&units, "theirs"));
        grow(&ours);
        grow(&theirs);
        Pair {
            units,
            ours,
            theirs,
            verb: "build",
            release: false,
            note: None,
            outside: false,
        }
    }

    fn cargo(&self, project: &Path) -> Command {
        let mut command = match project == self.ours && !self.outside {
            true => self.units.cargo(project),
            false => self.units.plain_cargo(project),
        };
        if let Some(note) = self.note {
            command.env("NATIVE_NOTE", note);
        }
        command
    }

    fn build(&self, project: &Path) -> Artifacts {
        let mut command = self.cargo(project);
        command.args([self.verb, "--message-format=json"]);
        if self.release {
            command.arg("--release");
        }
        if self.verb == "test" {
            command.arg("--no-run");
        }
        let output = run(&mut command);
        assert!(output.status.success(), "{command:?}: {}", both(&output));
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["reason"] == "compiler-artifact")
            .map(|message| {
                let package = message["package_id"].as_str().unwrap();
                let package = package.rsplit(['/', '#']).next().unwrap().to_owned();
                let what = format!(
                    "{} {} test={}",
                    package, message["target"]["name"], message["profile"]["test"]
                );
                (
                    what,
                    message["target"]["kind"].to_string(),
                    message["fresh"] == true,
                )
            })
            .collect()
    }

    fn files(&self, edit: impl Fn(&Path)) {
        edit(&self.ours);
        edit(&self.theirs);
    }

    fn clean(&self, arguments: &[&str]) {
        for project in [&self.ours, &self.theirs] {
            success(self.cargo(project).arg("clean").args(arguments));
        }
    }

    /// One step of the given number, and in words.
    fn step(&mut self, number: u64) -> String {
        const FILES: [&str; 8] = [
            "src/main.rs",
            "member/src/lib.rs",
            "member/src/module.rs",
            "member/src/included.txt",
            "member/watched.txt",
            "member/build.rs",
            "member/Cargo.toml",
            "vendor/base/src/lib.rs",
        ];
        let file = FILES[(number / 32) as usize % FILES.len()];
        match number % 16 {
            0..=2 => {
                self.files(|project| drop(success(Command::new("touch").arg(project.join(file)))));
                format!("touch {file}")
            }
            3..=5 if !file.starts_with("vendor") => {
                let comment = if file.ends_with(".toml") { "#\n" } else { "//\n" };
                self.files(|project| append(&project.join(file), comment));
                format!("edit {file}")
            }
            3..=5 => {
                self.clean(&["-p", "base"]);
                "clean base".into()
            }
            6 => {
                self.release = !self.release;
                format!("release: {}", self.release)
            }
            7 | 8 => {
                self.verb = ["build", "check", "test"][(number / 32) as usize % 3];
                format!("cargo {}", self.verb)
            }
            9 | 10 => {
                self.note = [None, Some("one"), Some("two")][(number / 32) as usize % 3];
                format!("NATIVE_NOTE: {:?}", self.note)
            }
            11 => {
                self.clean(&["-p", "native"]);
                "clean native".into()
            }
            12 => {
                self.clean(&["-p", "member"]);
                "clean member".into()
            }
            13 => {
                self.clean(&[]);
                "clean".into()
            }
            _ => {
                self.outside = !self.outside;
                format!("outside: {}", self.outside)
            }
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn what_plain_cargo_builds_again_is_built_again() {
    let mut pair = Pair::new();
    // Numbers that look random (a linear congruential generator's upper half).
    let mut state = number("CARGO_NIX_TEST_SEED", 4);
    let mut told = Vec::new();
    for _ in 0..number("CARGO_NIX_TEST_EDITS", 100) {
        let (ours, theirs) = (pair.build(&pair.ours), pair.build(&pair.theirs));
        assert_eq!(ours, theirs, "after {told:#?}");
        let again = pair.build(&pair.ours);
        assert!(
            again.iter().all(|(_, _, fresh)| *fresh),
            "{again:?} after {told:#?}"
        );
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        told.push(pair.step(state >> 33));
    }
    pair.verb = "build";
    pair.build(&pair.ours);
    pair.build(&pair.theirs);
    let said = |project: &Path| success(pair.cargo(project).args(["run", "-q"]));
    assert_eq!(said(&pair.ours), said(&pair.theirs));
}
