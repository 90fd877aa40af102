//! `cargo-nix init`: what is written for which project, and what never is.

mod common;
mod nixlib_help;

use common::units::cargo_home;
use common::{World, both, run, success};
use nixlib_help::Case;
use std::path::Path;

const MANIFEST: &str = "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// A Cargo.lock with these packages, each with its dependencies.
fn lock(packages: &[(&str, &[&str])]) -> String {
    let mut text = String::from("version = 4\n");
    for (name, dependencies) in packages {
        let dependencies: Vec<String> = dependencies.iter().map(|name| format!("\"{name}\"")).collect();
        text += &format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\ndependencies = [{}]\n",
            dependencies.join(", ")
        );
    }
    text
}

fn init(world: &World, directory: &Path) -> String {
    success(world.cargo_nix().arg("init").arg(directory))
}

fn written(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("crate-env.nix")).expect("crate-env.nix")
}

/// The project with this Cargo.lock, initialised: crate-env.nix.
fn crate_env_for(packages: &[(&str, &[&str])]) -> String {
    let world = World::new();
    world.write("p/Cargo.toml", MANIFEST);
    world.write("p/Cargo.lock", &lock(packages));
    let directory = world.path().join("p");
    init(&world, &directory);
    let text = written(&directory);
    parses(&text);
    text
}

fn parses(text: &str) {
    let parse = rnix::Root::parse(text);
    assert!(parse.errors().is_empty(), "{:?}\n{text}", parse.errors());
}

#[test]
fn a_project_without_native_libraries() {
    insta::assert_snapshot!(crate_env_for(&[("p", &["serde"]), ("serde", &[])]));
}

#[test]
fn a_web_service() {
    insta::assert_snapshot!(crate_env_for(&[
        ("openssl-sys", &["pkg-config", "cc"]),
        ("libz-sys", &["cc", "pkg-config"]),
        ("libsqlite3-sys", &["pkg-config", "vcpkg"]),
        ("prost-build", &[]),
        ("pq-sys", &["vcpkg"]),
        ("rdkafka-sys", &["cmake"]),
        ("cmake", &["cc"]),
    ]));
}

#[test]
fn a_game_for_linux_and_others() {
    insta::assert_snapshot!(crate_env_for(&[
        ("alsa-sys", &["pkg-config"]),
        ("libudev-sys", &["pkg-config"]),
        ("sdl2-sys", &[]),
        ("x11-dl", &["pkg-config"]),
        ("wayland-sys", &["pkg-config"]),
        ("freetype-sys", &["cc"]),
    ]));
}

#[test]
fn a_binding_by_bindgen_with_only_linux_libraries() {
    insta::assert_snapshot!(crate_env_for(&[
        ("bindgen", &["clang-sys"]),
        ("clang-sys", &[]),
        ("libseccomp-sys", &[]),
        ("openssl-sys", &["openssl-src"]),
        ("openssl-src", &["cc"]),
    ]));
}

#[test]
fn what_it_says_and_writes_the_first_time_and_the_second() {
    let world = World::new();
    world.write("p/Cargo.toml", MANIFEST);
    world.write("p/Cargo.lock", &lock(&[]));
    world.write("p/rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n");
    let directory = world.path().join("p");
    insta::assert_snapshot!(init(&world, &directory));
    assert!(written(&directory).contains("rust.fromFile ./rust-toolchain.toml"));
    assert_eq!(
        std::fs::read_to_string(directory.join(".envrc")).expect(".envrc"),
        "use cargo-nix\n"
    );
    let mut names: Vec<_> = std::fs::read_dir(&directory)
        .expect("a directory")
        .flatten()
        .map(|e| e.file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            ".envrc",
            "Cargo.lock",
            "Cargo.toml",
            "crate-env.nix",
            "rust-toolchain.toml"
        ]
    );
    insta::assert_snapshot!(init(&world, &directory));
}

#[test]
fn nothing_that_exists_is_changed() {
    let world = World::new();
    world.write("p/Cargo.toml", MANIFEST);
    world.write("p/crate-env.nix", "mine");
    let directory = world.path().join("p");
    // A dangling link is something, too.
    std::os::unix::fs::symlink("elsewhere", directory.join(".envrc")).expect("a link");
    insta::assert_snapshot!(init(&world, &directory));
    assert_eq!(written(&directory), "mine");
    assert_eq!(
        std::fs::read_link(directory.join(".envrc")).expect("the link"),
        Path::new("elsewhere")
    );
}

#[test]
fn a_member_takes_the_lock_of_its_workspace() {
    let world = World::new();
    world.write("w/Cargo.toml", "[workspace]\nmembers = [\"m\"]\n");
    world.write("w/Cargo.lock", &lock(&[("openssl-sys", &[])]));
    world.write("w/m/Cargo.toml", MANIFEST);
    let member = world.path().join("w/m");
    init(&world, &member);
    assert!(written(&member).contains("openssl # openssl-sys"));
}

/// What is written is not only read but of use, with libraries and programs of
/// this machine: a build script that links, and one that has libclang read the
/// C library's headers.
#[test]
fn what_is_written_for_bindgen_and_openssl_builds() {
    let world = World::new();
    let project = world.project("examples/conformance", "p");
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).expect("Cargo.toml");
    let (start, rest) = manifest.split_once("members = [").expect("members");
    let (_, end) = rest.split_once(']').expect("their end");
    let manifest = format!("{start}members = [\"bindings\", \"openssl-system\"]{end}");
    std::fs::write(project.join("Cargo.toml"), manifest).expect("Cargo.toml");
    for member in ["bindings", "."] {
        let _ = std::fs::remove_file(project.join(member).join("crate-env.nix"));
    }
    let cargo = |arguments: &[&str]| {
        let mut command = world.cargo_nix();
        command.current_dir(&project).env("CARGO_HOME", cargo_home());
        success(command.args(arguments))
    };
    // Cargo.lock as it is for these two.
    let mut prune = world.command("cargo");
    prune.current_dir(&project).env("CARGO_HOME", cargo_home());
    success(prune.args(["metadata", "--format-version=1"]));
    cargo(&["init"]);
    let text = written(&project);
    for part in ["rustPlatform.bindgenHook # ", "openssl # openssl-sys"] {
        assert!(text.contains(part), "{text}");
    }
    cargo(&[
        "exec",
        "--quiet",
        "--",
        "cargo",
        "test",
        "--locked",
        "--workspace",
    ]);
}

/// Over nixpkgs the same file has the hook of nixpkgs.
#[test]
fn what_is_written_for_bindgen_is_the_hook_of_nixpkgs_too() {
    let text = crate_env_for(&[("bindgen", &["clang-sys"]), ("clang-sys", &[])]);
    let case = Case::locked(&[("nixpkgs", "package-set")], &[("crate-env.nix", &text)]);
    let variables = &case.dump()["variables"];
    assert_eq!(variables["LIBCLANG_PATH"], "/libclang");
    assert_eq!(variables["BINDGEN_EXTRA_CLANG_ARGS"], "-I/headers");
}

/// A crate in another project's directory, with a workspace of its own or none.
#[test]
fn the_lock_of_another_project_above_is_not_taken() {
    let world = World::new();
    world.write(
        "w/Cargo.toml",
        "[workspace]\nmembers = [\"m\"]\nexclude = [\"excluded\"]\n",
    );
    world.write("w/Cargo.lock", &lock(&[("openssl-sys", &[])]));
    for (name, more) in [("nested", "\n[workspace]\n"), ("excluded", ""), ("../beside", "")] {
        world.write(&format!("w/{name}/Cargo.toml"), &format!("{MANIFEST}{more}"));
        if name == "../beside" {
            world.write("Cargo.lock", &lock(&[("openssl-sys", &[])]));
        }
        let directory = world.path().join("w").join(name);
        let said = init(&world, &directory);
        assert!(said.contains("there is no Cargo.lock yet"), "{name}: {said}");
        assert!(!written(&directory).contains("openssl"), "{name}");
    }
}

#[test]
fn what_is_wrong_is_said_with_the_way_out() {
    let world = World::new();
    world.write("empty/file", "");
    world.write("broken/Cargo.toml", MANIFEST);
    world.write("broken/Cargo.lock", "version = 4\n[[package]]\nname = 3\n");
    let mut said = String::new();
    for directory in ["empty", "broken", "absent"] {
        let output = run(world.cargo_nix().arg("init").arg(directory));
        said += &format!("{directory}: {}\n{}\n", output.status, both(&output));
        assert!(
            !world.path().join(directory).join(".envrc").exists(),
            "nothing is half-done"
        );
    }
    insta::assert_snapshot!(said.replace(world.path().to_str().expect("UTF-8"), "[world]"));
}
