//! flake.nix: every output is evaluated with the `nix` that belongs to libnix,
//! over a fixture with nixpkgs' interface (`tests/fixtures/nixpkgs`).

mod common;

use common::{World, both, nix_program, repository, run, success};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the flake is made of; no more, for it is copied to the store.
const FLAKE: [&str; 15] = [
    "flake.nix",
    "build.rs",
    "nix",
    "src",
    "crates",
    "scripts",
    "benches",
    "data",
    "shell-hooks",
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

/// A world with a copy of the flake in `flake/`, without build products.
fn world() -> World {
    let world = World::new();
    let to = world.path().join("flake");
    std::fs::create_dir(&to).expect("a directory for the flake");
    for name in FLAKE {
        success(
            world
                .command("cp")
                .arg("-a")
                .arg(repository().join(name))
                .arg(&to),
        );
    }
    world
}

/// `nix VERB ARGS` in the flake, nixpkgs being the fixture.
fn nix(world: &World, args: &[&str]) -> Command {
    let mut command = world.command(nix_program());
    command.current_dir(world.path().join("flake"));
    command
        .args(["--extra-experimental-features", "nix-command flakes", "--offline"])
        .args(args);
    command.arg("--override-input").arg("nixpkgs");
    command.arg(format!(
        "path:{}",
        repository().join("tests/fixtures/nixpkgs").display()
    ));
    command.arg("--no-write-lock-file");
    command
}

fn eval(world: &World, args: &[&str]) -> String {
    success(&mut nix(world, &[&["eval"], args].concat()))
        .trim_end()
        .to_owned()
}

#[test]
fn the_flake_checks() {
    let world = world();
    let output = run(&mut nix(
        &world,
        &["flake", "check", "--no-build", "--all-systems", "path:."],
    ));
    assert!(output.status.success(), "{}", both(&output));
}

#[test]
fn the_package_is_a_derivation_of_this_version() {
    let world = world();
    for attribute in ["default", "cargo-nix"] {
        let name = eval(
            &world,
            &["--raw", &format!("path:.#packages.x86_64-linux.{attribute}.name")],
        );
        assert_eq!(name, format!("cargo-nix-{}", env!("CARGO_PKG_VERSION")));
    }
    let drv = eval(&world, &["--raw", "path:.#packages.x86_64-linux.default.drvPath"]);
    assert!(drv.ends_with(".drv"), "{drv}");
}

#[test]
fn an_edit_of_the_docs_or_the_tests_builds_nothing() {
    let world = world();
    let drv = || eval(&world, &["--raw", "path:.#packages.x86_64-linux.default.drvPath"]);
    let before = drv();
    world.write("flake/tests/new.rs", "");
    world.write("flake/docs/new.md", "");
    assert_eq!(drv(), before);
    world.write("flake/src/new.rs", "");
    assert_ne!(drv(), before);
}

/// (package, target, kind) of all that cargo would build in `directory`; tests
/// are not part of the package.
fn targets(world: &World, directory: &Path) -> BTreeSet<(String, String, String)> {
    let text = success(
        world
            .command("cargo")
            .args([
                "metadata",
                "--format-version=1",
                "--no-deps",
                "--offline",
                "--manifest-path",
            ])
            .arg(directory.join("Cargo.toml")),
    );
    let metadata: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let named = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let mut found = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        for target in package["targets"].as_array().expect("targets") {
            let kind = target["kind"][0].as_str().expect("a kind").to_owned();
            found.insert((named(package), named(target), kind));
        }
    }
    found.retain(|(_, _, kind)| kind != "test");
    found
}

/// What the Rust files below `directory` include or are to be rebuilt for, as paths.
fn files_read(directory: &Path, found: &mut Vec<PathBuf>) {
    let includes =
        regex::Regex::new(r#"include(?:_str|_bytes)?!\(\s*"([^"]+)"|rerun-if-changed=([\w./-]+)""#);
    let includes = includes.expect("an expression");
    for entry in std::fs::read_dir(directory).expect("a directory of the source") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_read(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a Rust file");
            let names = includes
                .captures_iter(&text)
                .map(|found| found.extract::<1>().1[0].to_owned());
            found.extend(names.map(|name| directory.join(name)));
        }
    }
}

/// An edit of the list of files must not forget one: without build.rs there
/// was a package that could not be built.
#[test]
fn the_package_has_all_that_its_build_reads() {
    let world = world();
    let source = eval(&world, &["--raw", "path:.#packages.x86_64-linux.default.src"]);
    let source = Path::new(&source);
    let built = targets(&world, source);
    assert_eq!(built, targets(&world, repository()));
    assert!(
        built
            .iter()
            .any(|(package, _, kind)| package == "cargo-nix" && kind == "custom-build")
    );
    let mut read = vec![source.join("Cargo.lock")];
    files_read(source, &mut read);
    assert!(read.len() > 25, "{read:?}");
    for file in read {
        assert!(file.exists(), "the build reads {}", file.display());
    }
}

#[test]
fn the_development_shell_has_what_the_makefile_wants() {
    let world = world();
    let inputs = eval(
        &world,
        &[
            "--json",
            "path:.#devShells.x86_64-linux.default.drvAttrs.nativeBuildInputs",
            "--apply",
            "map (p: p.pname)",
        ],
    );
    for tool in [
        "cargo",
        "clippy",
        "rustfmt",
        "nix",
        "shellcheck",
        "shfmt",
        "fish",
        "zsh",
        "elvish",
        "nushell",
        "direnv",
    ] {
        assert!(
            inputs.contains(&format!("\"{tool}\"")),
            "{tool} is missing in {inputs}"
        );
    }
}

#[test]
fn the_app_is_the_installed_program() {
    let world = world();
    let program = eval(&world, &["--raw", "path:.#apps.aarch64-darwin.default.program"]);
    assert!(program.ends_with("/bin/cargo-nix"), "{program}");
    let kind = eval(&world, &["--raw", "path:.#apps.x86_64-linux.cargo-nix.type"]);
    assert_eq!(kind, "app");
}

#[test]
fn the_overlay_adds_the_package_made_of_the_final_set() {
    let world = world();
    let name = eval(
        &world,
        &[
            "--raw",
            "path:.#overlays.default",
            "--apply",
            "overlay: (overlay { callPackage = _: _: \"of the final set\"; } { }).cargo-nix",
        ],
    );
    assert_eq!(name, "of the final set");
}

#[test]
fn lib_makes_the_output_that_projects_have() {
    let world = world();
    let apply = "lib: (lib.cargoNix (system: { pkgs = { name = system; }; })).x86_64-linux.pkgs.name";
    assert_eq!(
        eval(&world, &["--raw", "path:.#lib", "--apply", apply]),
        "x86_64-linux"
    );

    let misspelled = "lib: (lib.cargoNix (system: { pkgs = { }; toolchian = 1; })).x86_64-linux.pkgs";
    let output = run(&mut nix(&world, &["eval", "path:.#lib", "--apply", misspelled]));
    assert!(!output.status.success());
    let text = both(&output);
    assert!(
        text.contains("`toolchian`") && text.contains("pkgs, rust, toolchain, crates"),
        "{text}"
    );
}

/// `lib.mkShell` over the project in `<world>/project`, and a function of it.
fn mk_shell(world: &World, apply: &str) -> Command {
    let nixpkgs = repository().join("tests/fixtures/nixpkgs/outputs.nix");
    let apply = format!(
        "lib: ({apply}) (lib.mkShell {{ root = {}; pkgs = (import {}).legacyPackages.x86_64-linux; }})",
        world.path().join("project").display(),
        nixpkgs.display()
    );
    nix(
        world,
        &["eval", "--impure", "--json", "path:.#lib", "--apply", &apply],
    )
}

#[test]
fn lib_makes_a_mk_shell_of_a_crate_env() {
    let world = world();
    let text = "{ rust, openssl, pkg-config }:\n{\n  tools = [ rust.clippy ];\n  \
                nativeBuildInputs = [ pkg-config ];\n  buildInputs = [ openssl ];\n  env.COLOUR = \"blue\";\n}\n";
    world.write("project/crate-env.nix", text);
    let shown = success(&mut mk_shell(
        &world,
        "s: { inherit (s.drvAttrs) COLOUR; native = map (p: p.pname) s.drvAttrs.nativeBuildInputs; \
         inputs = map (p: p.pname) s.drvAttrs.buildInputs; }",
    ));
    assert_eq!(
        shown.trim_end(),
        r#"{"COLOUR":"blue","inputs":["openssl"],"native":["rust","clippy","pkg-config"]}"#
    );
}

#[test]
fn a_fault_in_a_crate_env_has_its_place_in_a_mk_shell_too() {
    let world = world();
    world.write("project/crate-env.nix", "{ rust }:\n{\n  buildInput = [ ];\n}\n");
    let output = run(&mut mk_shell(&world, "s: s.name"));
    assert!(!output.status.success());
    let text = both(&output);
    assert!(
        text.contains("crate-env.nix:3:3: ") && text.contains("buildInputs"),
        "{text}"
    );
}
