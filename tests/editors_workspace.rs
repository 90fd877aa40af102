//! examples/workspace: built and run by stock cargo in its environment, seen by
//! a real rust-analyzer that is started there, and with a flake of its own.

mod common;
mod editors_help;

use common::units::cargo_home;
use common::{World, nix_program, repository, run, success};
use editors_help::Server;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const DIGEST: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn workspace(world: &World) -> PathBuf {
    world.project("examples/workspace", "workspace")
}

/// `cargo-nix exec -- COMMAND` in a directory.
fn exec(world: &World, directory: &Path, command: &[&str]) -> Command {
    let mut cargo_nix = world.cargo_nix();
    cargo_nix
        .args(["exec", "--quiet", "--"])
        .args(command)
        .current_dir(directory)
        .env("PATH", path())
        .env("CARGO_HOME", cargo_home());
    cargo_nix
}

/// What `scripts/setup/test-tools.sh` installs.
fn tools() -> PathBuf {
    let path: Vec<PathBuf> = std::env::split_paths(&common::test_path()).collect();
    let bin = path.last().expect("a directory of PATH");
    bin.parent().expect("a parent").to_path_buf()
}

/// Its rust-analyzer goes before rustup's stand-in for one that may be missing.
fn path() -> OsString {
    let path = common::test_path();
    let path = std::iter::once(tools().join("bin")).chain(std::env::split_paths(&path));
    std::env::join_paths(path).expect("no colon")
}

#[test]
fn stock_cargo_builds_it_and_a_member_has_its_own_on_top() {
    let world = World::new();
    let root = workspace(&world);
    let arguments = ["cargo", "run", "--quiet", "--locked", "--", "hello"];
    let said = success(&mut exec(&world, &root, &arguments));
    let expected = format!("Parcel greeting=None length=5 digest=\"{DIGEST}\"");
    assert_eq!(said.lines().next(), Some(&*expected));
    let said = success(&mut exec(&world, &root.join("app"), &arguments));
    assert!(
        said.contains("greeting=Some(\"hello from the member\")"),
        "{said}"
    );
    assert!(said.contains("\nOpenSSL "), "{said}");
    success(&mut exec(
        &world,
        &root.join("app"),
        &["cargo-clippy", "--version"],
    ));
}

/// A method that a derive made, and an item that is there only if the build
/// script found the library in the environment.
fn rust_analyzer_resolves(mut cargo: Value) -> World {
    let world = World::new();
    let root = workspace(&world);
    let version = run(&mut exec(&world, &root, &["rust-analyzer", "--version"]));
    assert!(
        version.status.success(),
        "no rust-analyzer; `scripts/setup/test-tools.sh` installs one: {}",
        common::both(&version)
    );
    let mut command = exec(&world, &root, &["rust-analyzer"]);
    let sources = tools().join("rust-analyzer/library");
    if sources.exists() {
        cargo["sysrootSrc"] = json!(sources);
    }
    let options = json!({ "cargo": cargo, "cachePriming": { "enable": false } });
    let mut server = Server::start(&mut command, &root, &options);
    let (main, digest) = (root.join("app/src/main.rs"), root.join("digest/src/lib.rs"));
    server.open(&main);
    server.open(&digest);
    server.await_quiet();

    let hover = server.ask_at("textDocument/hover", &main, "describe(),");
    let shown = hover["contents"].to_string();
    assert!(shown.contains("pub fn describe(&self) -> String"), "{shown}");
    assert!(shown.contains("The name and the fields, on one line."), "{shown}");
    let place = server.ask_at("textDocument/definition", &digest, "OpenSSL_version(");
    assert!(place.to_string().contains("/openssl-sys-0.9."), "{place}");
    world
}

#[test]
fn rust_analyzer_resolves_a_derive_and_a_native_crate() {
    rust_analyzer_resolves(json!({}));
}

/// As docs/editors.md says: its own wrapper gives way to the environment's.
#[test]
fn rust_analyzer_resolves_them_from_the_store_too() {
    let cargo = json!({ "buildScripts": { "useRustcWrapper": false }, "targetDir": true });
    let world = rust_analyzer_resolves(cargo);
    // The build service makes the root when nobody has asked for a while.
    let root = world
        .path()
        .join("workspace/target/rust-analyzer/.cargo-nix/units");
    let is_there = (0..60).any(|_| {
        std::thread::sleep(std::time::Duration::from_secs(1));
        root.exists()
    });
    assert!(is_there, "the root of its units");
}

/// Fixtures in the place of nixpkgs and fenix; the flake is as users write it.
#[test]
fn a_central_flake_overrides_the_toolchain() {
    let world = World::new();
    let root = workspace(&world);
    std::fs::copy(root.join("central/flake.nix"), root.join("flake.nix")).expect("copied");
    let fixtures = repository().join("tests/fixtures");
    let set = fixtures.join("package-set");
    world.project(set.to_str().expect("UTF-8"), "nixpkgs");
    world.write(
        "nixpkgs/flake.nix",
        "{ outputs = { self }: { legacyPackages.x86_64-linux = import self { system = \"x86_64-linux\"; }; }; }\n",
    );
    world.write(
        "fenix/flake.nix",
        "{ inputs.nixpkgs.url = \"nixpkgs\"; outputs = { self, nixpkgs }: {
             packages.x86_64-linux.stable.defaultToolchain = nixpkgs.legacyPackages.x86_64-linux.hello;
         }; }\n",
    );
    let mut lock = world.command(nix_program());
    lock.args([
        "--extra-experimental-features",
        "nix-command flakes",
        "--offline",
        "flake",
        "lock",
    ]);
    for input in ["nixpkgs", "fenix"] {
        lock.args([
            "--override-input",
            input,
            &format!("path:{}", world.path().join(input).display()),
        ]);
    }
    success(lock.current_dir(&root));
    let said = success(
        world
            .cargo_nix()
            .args(["env", "--print", "--quiet"])
            .current_dir(&root),
    );
    let path = said
        .lines()
        .find(|line| line.starts_with("export PATH="))
        .expect("PATH");
    assert!(path.contains("-hello-2.12/bin"), "{path}");
    assert!(!path.contains("-rust-"), "{path}");
}

/// The settings of docs/editors.md, as far as they are JSON or TOML, and every
/// name in its text.
#[test]
fn the_settings_of_the_docs_are_known_to_rust_analyzer() {
    let world = World::new();
    let mut server = world.command("rust-analyzer");
    let schema = success(server.arg("--print-config-schema").env("PATH", path()));
    let docs = std::fs::read_to_string(repository().join("docs/editors.md")).expect("the docs");
    let mut names: Vec<String> = docs
        .split(['`', '"'])
        .filter(|word| word.starts_with("rust-analyzer.") && !word.contains(char::is_whitespace))
        .map(str::to_owned)
        .collect();
    for block in docs.split("```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').expect("a block of lines");
        let value: Value = match language {
            "json" => serde_json::from_str(text).expect("JSON"),
            "toml" => {
                serde_json::to_value(toml::from_str::<toml::Value>(text).expect("TOML")).expect("plain")
            }
            _ => continue,
        };
        for place in [
            "/lsp/rust-analyzer/initialization_options",
            "/language-server/rust-analyzer/config",
        ] {
            flatten(
                "rust-analyzer",
                value.pointer(place).unwrap_or(&Value::Null),
                &mut names,
            );
        }
    }
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let known = schema.contains(&format!("\"{name}\""));
        // The extension's own, which the server does not know.
        assert!(known || name.starts_with("rust-analyzer.server."), "{name}");
    }
}

fn flatten(prefix: &str, value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                flatten(&format!("{prefix}.{name}"), value, names);
            }
        }
        Value::Null => {}
        _ => names.push(prefix.to_owned()),
    }
}
