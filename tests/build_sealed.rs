//! Units see of the machine what the host tree holds and nothing else; where that
//! cannot be had, they are local.

mod common;

use common::units::{Units, ask, tell};
use common::{both, run};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A package that counts as vendored, whose build script tells which of `paths`
/// it can see.
fn looker(units: &Units, name: &str, paths: &[&str]) -> String {
    let script = format!(
        "fn main() {{ let seen: Vec<_> = {paths:?}.into_iter().filter(|p| std::fs::symlink_metadata(p).is_ok()).collect(); \
         println!(\"cargo::rustc-env=SEEN={{}}\", seen.join(\" \")); }}"
    );
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let world = &units.world;
    world.write(&format!("{name}/Cargo.toml"), &manifest);
    world.write(&format!("{name}/.cargo-checksum.json"), "{\"files\":{}}");
    world.write(&format!("{name}/build.rs"), &script);
    world.write(
        &format!("{name}/src/lib.rs"),
        "pub const SEEN: &str = env!(\"SEEN\");",
    );
    format!("{name} = {{ path = \"../{name}\" }}")
}

fn project(units: &Units, name: &str, paths: &[&str]) -> PathBuf {
    let dependency = looker(units, "looker", paths);
    units.project(
        name,
        &dependency,
        "fn main() { println!(\"seen: {}\", looker::SEEN); }",
    )
}

fn ran(command: &mut Command) -> Output {
    // A path dependency gets it, and that alone would make a unit local.
    let output = run(command.env("CARGO_INCREMENTAL", "0"));
    assert!(output.status.success(), "{}", both(&output));
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Lines that say why something of `looker` is local.
fn local(output: &Output) -> Vec<String> {
    let is_lookers = |line: &&str| line.contains("looker-") || line.contains("this build script");
    let stderr = said(output);
    stderr
        .lines()
        .filter(|line| line.starts_with("cargo-nix: ") && line.contains("is local"))
        .chain(
            stderr
                .lines()
                .filter(|line| line.contains("outside of the sandbox")),
        )
        .filter(is_lookers)
        .map(str::to_owned)
        .collect()
}

/// What is there on this machine, and owned by no package or not for builds.
fn unowned() -> Vec<&'static str> {
    let all = [
        "/usr/local",
        "/usr/share/doc",
        "/usr/share/man",
        "/var/lib/dpkg/status",
        "/home",
        "/root",
    ];
    // The store of the tests lies below the repository, and is seen where it lies.
    let is_above = |path: &str| Path::new(env!("CARGO_MANIFEST_DIR")).starts_with(path);
    let unseen = |path: &&str| Path::new(path).exists() && !is_above(path);
    let there: Vec<_> = all.into_iter().filter(unseen).collect();
    assert!(!there.is_empty());
    there
}

#[test]
fn what_no_package_owns_is_not_seen() {
    let units = Units::new();
    let paths = [&unowned()[..], &["/usr/bin/cc", "/usr/include/stdio.h"]].concat();
    let project = project(&units, "one", &paths);
    let output = ran(units.cargo(&project).arg("run"));
    assert!(local(&output).is_empty(), "{}", both(&output));
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(seen.trim(), "seen: /usr/bin/cc /usr/include/stdio.h", "{seen}");
}

/// Every unit is local, and one sentence says why; cargo goes on as without us.
fn all_local(units: &Units, configure: impl Fn(&mut Command), reason: &str) {
    let project = project(units, "one", &unowned());
    let mut command = units.cargo(&project);
    configure(command.arg("run").env_remove("CARGO_NIX_DEBUG"));
    let output = ran(&mut command);
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(seen.trim(), format!("seen: {}", unowned().join(" ")));
    let stderr = said(&output);
    let told: Vec<_> = stderr
        .lines()
        .filter(|line| line.starts_with(&format!("cargo-nix: {reason}")))
        .collect();
    assert_eq!(told.len(), 1, "{stderr}");
}

#[test]
fn without_a_sandbox_units_are_local() {
    let set = |configuration: &'static str| {
        move |command: &mut Command| {
            command.env("NIX_CONFIG", format!("substituters =\n{configuration}"));
        }
    };
    let units = Units::new();
    all_local(
        &units,
        set("sandbox = false"),
        "checking the sandbox of builds: builds are not sandboxed",
    );
    let units = Units::new();
    all_local(
        &units,
        set("extra-sandbox-paths = /home"),
        "checking the sandbox of builds: builds are not sandboxed",
    );
}

#[test]
fn without_a_host_tree_units_are_local() {
    let units = Units::new();
    units.set_tree(json!(null));
    all_local(&units, |_| {}, "what this machine consists of is not known");
}

/// A tree that is not what the machine is now.
#[test]
fn after_a_change_of_the_machine_units_are_local() {
    let units = Units::new();
    units.set_tree(json!({ "id": "0".repeat(32), "mounts": ["/usr"] }));
    all_local(&units, |_| {}, "files of this machine have changed");
}

#[test]
fn a_package_that_is_not_to_be_sandboxed_is_local() {
    let units = Units::new();
    let project = project(&units, "one", &unowned());
    units.set_crate("looker", "", false);
    let output = ran(units.cargo(&project).arg("run"));
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(seen.trim(), format!("seen: {}", unowned().join(" ")));
    let local = local(&output);
    assert!(
        !local.is_empty()
            && local
                .iter()
                .all(|line| line.contains("crates.looker.sandbox is false")),
        "{local:?}"
    );
}

/// A derivation that names one tree is not built where another is seen.
#[test]
fn a_unit_is_built_under_the_tree_that_it_names() {
    let units = Units::new();
    let tree = |name: &str| {
        units.world.write(&format!("{name}/usr/share/name"), name);
        let root = units.world.path().join(name);
        let item = json!({ "id": "t", "name": name, "root": root, "files": ["usr"] });
        let answer = ask(&units.world, json!({ "verb": "import", "items": [item] }));
        answer["paths"]["t"].as_str().unwrap().to_owned()
    };
    let (one, other) = (tree("one"), tree("other"));
    let script = concat!(
        include_str!("../nix/unit/begin.sh"),
        include_str!("../nix/unit/compile.sh")
    );
    let built = |seen: &str, named: &str| {
        let input = |path: &str| json!({ "path": path, "derivation": null });
        let unit = json!({
            "verb": "unit", "name": "unit", "system": units.system(), "script": script,
            "arguments": ["/bin/sh", "-c", "read -r name </usr/share/name || :; echo $name >$out/lib/name", "sh"],
            "variables": {
                "unitTree": named, "unitEnvironment": "/dev/null", "unitDependencies": "", "unitOpaque": "",
                "CARGO_MANIFEST_DIR": "/", "seen": seen,
            },
            "inputs": [input(named)],
        });
        tell(&units.world, &[format!("/usr={seen}/usr")], unit)
    };
    let event: Value = built(&one, &other);
    assert_eq!(event["event"], "failure", "{event}");
    assert!(event["message"].to_string().contains("does not show"), "{event}");
}

/// A cache may lie deeper than the address of a socket can say.
#[test]
fn a_long_path_of_the_cache_is_no_hindrance() {
    let units = Units::new();
    let deep = units.world.home().join("x".repeat(150));
    let project = project(&units, "one", &["/usr/local"]);
    let cache = deep.join("cargo-nix");
    std::fs::create_dir_all(cache.parent().unwrap()).unwrap();
    std::fs::rename(units.world.cache(), &cache).unwrap();
    let output = ran(units.cargo(&project).arg("run").env("XDG_CACHE_HOME", &deep));
    assert!(local(&output).is_empty(), "{}", both(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "seen:");
}
