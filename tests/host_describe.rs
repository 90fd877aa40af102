//! The description of the machine: its shape, what changes it, what does not.

mod common;

use cargo_nix::host::Host;
use cargo_nix::vars::Vars;
use common::World;
use serde_json::Value;
use std::path::Path;

fn vars(world: &World, rustup_home: &Path) -> Vars {
    Vars {
        home: Some(world.home()),
        rustup_home: Some(rustup_home.to_path_buf()),
        ..Vars::default()
    }
}

fn host(world: &World, rustup_home: &Path) -> Host {
    Host::current(&vars(world, rustup_home), &world.cache()).expect("a description")
}

/// A rustup home with one small toolchain, old enough for its description to be kept.
fn small_rustup(world: &World) -> std::path::PathBuf {
    let rustlib = "rustup/toolchains/stable-x86_64-unknown-linux-gnu/lib/rustlib";
    world.write("rustup/settings.toml", "default_toolchain = \"stable\"\n");
    world.write(
        &format!("{rustlib}/components"),
        "rustc-x86_64-unknown-linux-gnu\nclippy-preview-x86_64-unknown-linux-gnu\nrust-docs-x86_64-unknown-linux-gnu\n\
         rust-std-wasm32-unknown-unknown\nrust-src\n",
    );
    world.write(
        &format!("{rustlib}/manifest-rustc-x86_64-unknown-linux-gnu"),
        "file:bin/rustc\nfile:lib/libx.so\nfile:share/doc/rust/README.md\nfile:share/man/man1/rustc.1\n",
    );
    world.write(
        &format!("{rustlib}/manifest-clippy-preview-x86_64-unknown-linux-gnu"),
        "file:bin/cargo-clippy\n",
    );
    world.write(
        &format!("{rustlib}/manifest-rust-docs-x86_64-unknown-linux-gnu"),
        "dir:share/doc/rust/html\n",
    );
    world.write(
        &format!("{rustlib}/manifest-rust-std-wasm32-unknown-unknown"),
        "dir:lib/rustlib/wasm32\n",
    );
    world.write(&format!("{rustlib}/manifest-rust-src"), "dir:lib/rustlib/src\n");
    world.write(
        &format!("{rustlib}/multirust-channel-manifest.toml"),
        "manifest-version = \"2\"\ndate = \"2026-04-16\"\n\n[pkg.clippy-preview]\nversion = \"0.1.95 (59807616e 2026-04-14)\"\n\n\
         [pkg.rustc]\nversion = \"1.95.0 (59807616e 2026-04-14)\"\n\n[pkg.rustc.target.x]\nversion = \"no\"\n",
    );
    for file in [
        "bin/rustc",
        "lib/libx.so",
        "bin/cargo-clippy",
        "lib/rustlib/wasm32/lib/a.rlib",
        "lib/rustlib/src/lib.rs",
    ] {
        world.write(
            &format!("rustup/toolchains/stable-x86_64-unknown-linux-gnu/{file}"),
            file,
        );
    }
    std::thread::sleep(std::time::Duration::from_millis(120));
    world.path().join("rustup")
}

/// What this machine is known to have: the Rust, C compiler and openssl that
/// the tests need in any case.
#[test]
fn the_machine_of_the_tests_is_described() {
    let world = World::new();
    let host = host(&world, &common::rustup_home());
    let description = host.describe(&world.store_dir());
    let default = description["rust"]["default"]
        .as_str()
        .expect("rustup has a default toolchain");
    let toolchain = &description["rust"]["toolchains"][default];
    let root = Path::new(toolchain["root"].as_str().expect("a root"));
    for component in ["rustc", "cargo"] {
        let files = toolchain["components"][component]["files"]
            .as_array()
            .expect("files");
        assert!(!files.is_empty());
        for file in files {
            assert!(root.join(file.as_str().expect("text")).exists(), "{file}");
        }
    }
    assert!(toolchain["components"].get("rust-docs").is_none());
    assert!(
        description["cc"]["programs"]["cc"].is_string(),
        "a C compiler: apt-get install gcc"
    );
    let openssl = &description["libraries"]["openssl"];
    assert_eq!(
        openssl["pc"].as_array().map(Vec::len),
        Some(3),
        "apt-get install libssl-dev: {openssl}"
    );
    assert!(openssl["files"].to_string().contains("libssl.so"), "{openssl}");
    assert!(
        description["programs"]["pkg-config"]["path"].is_string(),
        "apt-get install pkg-config"
    );
    assert!(host.sandbox_paths.contains(&"/usr".to_string()));
}

#[test]
fn a_toolchain_of_rustup_is_read_from_its_records() {
    let world = World::new();
    let home = small_rustup(&world);
    let mut rust = host(&world, &home).describe(&world.store_dir())["rust"].clone();
    let text = home.to_str().expect("UTF-8").to_string();
    let toolchain = &mut rust["toolchains"]["stable-x86_64-unknown-linux-gnu"];
    for (_, component) in toolchain["components"].as_object_mut().expect("components") {
        assert_eq!(component["id"].as_str().map(str::len), Some(64));
        component["id"] = Value::from("[id]");
    }
    toolchain["root"] = Value::from(
        toolchain["root"]
            .as_str()
            .expect("text")
            .replace(&text, "[rustup]"),
    );
    insta::assert_json_snapshot!(rust);
}

#[test]
fn a_changed_toolchain_changes_the_digest() {
    let world = World::new();
    let home = small_rustup(&world);
    let before = host(&world, &home);
    assert!(
        world.cache().join("host/description").exists(),
        "the description is kept"
    );
    assert_eq!(
        host(&world, &home).digest,
        before.digest,
        "the kept one is the same"
    );
    let library = home.join("toolchains/stable-x86_64-unknown-linux-gnu/lib/libx.so");
    std::fs::write(&library, "LIB/LIBX.SO").expect("written in place, same size");
    let after = Host::checked(&vars(&world, &home), &world.cache()).expect("a description");
    assert_ne!(after.digest, before.digest);
    let id = |host: &Host, name: &str| {
        host.describe(&world.store_dir())["rust"]["toolchains"]["stable-x86_64-unknown-linux-gnu"]["components"][name]["id"]
            .clone()
    };
    assert_ne!(id(&after, "rustc"), id(&before, "rustc"));
    assert_eq!(
        id(&after, "clippy"),
        id(&before, "clippy"),
        "what did not change keeps its identity"
    );
}

#[test]
fn another_default_toolchain_changes_the_digest() {
    let world = World::new();
    let home = small_rustup(&world);
    let before = host(&world, &home);
    world.write("rustup/settings.toml", "default_toolchain = \"beta\"\n");
    let after = host(&world, &home);
    assert_ne!(after.digest, before.digest);
    assert!(
        after.describe(&world.store_dir())["rust"]["default"].is_null(),
        "beta is not installed"
    );
}

/// Deleted, cut, noise: looked at again, with the same result.
#[test]
fn a_damaged_description_costs_time_only() {
    let world = World::new();
    let home = small_rustup(&world);
    let vars = vars(&world, &home);
    let checked = || Host::checked(&vars, &world.cache()).expect("a description");
    let described = |host: &Host| host.describe(&world.store_dir());
    let before = checked();
    let file = |name: &str| world.cache().join("host").join(name);
    let read = |name: &str| std::fs::read(file(name)).expect("a kept file");
    let cut = read("sentinel");
    let damages: [(&str, &[u8]); 3] = [
        ("sentinel", &cut[..cut.len() / 2]),
        ("files", b"noise"),
        ("description", b""),
    ];
    for (name, damage) in damages {
        let whole = read(name);
        std::fs::write(file(name), damage).expect("damage");
        let current = host(&world, &home);
        assert_eq!(current.digest, before.digest, "{name}");
        assert_eq!(described(&current), described(&before), "{name}");
        assert_eq!(described(&checked()), described(&before), "{name}");
        assert_eq!(read(name), whole, "{name} is kept again");
    }
}

/// Homes of rustup that hold nothing, or nonsense, are no panic.
#[test]
fn a_machine_without_rustup_is_described() {
    let world = World::new();
    let empty = world.path().join("nothing");
    let description = host(&world, &empty).describe(&world.store_dir());
    assert!(
        description["rust"].is_null() || description["rust"]["default"] == "system",
        "{}",
        description["rust"]
    );
    world.write("odd/settings.toml", "default_toolchain = [1\n");
    world.write("odd/toolchains/stable/lib/rustlib/components", "rustc-\n\n-\n");
    world.write("odd/toolchains/file", "");
    host(&world, &world.path().join("odd")).describe(&world.store_dir());
}
