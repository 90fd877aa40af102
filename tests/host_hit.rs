//! A kept description of the machine is not used once a file has changed of
//! which an environment holds a copy: through the whole program, as at a prompt.

mod common;
mod nixlib_help;

use cargo_nix::host::Host;
use cargo_nix::vars::Vars;
use common::{World, both, run, success};
use nixlib_help::lock;
use std::path::{Path, PathBuf};
use std::time::Duration;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// A compiler tree that somebody built, linked as toolchain `dev` (the default
/// one if `default`). Gives the home of rustup and a file of its std.
fn linked_toolchain(world: &World, default: bool) -> (PathBuf, PathBuf) {
    let rustlib = "tree/lib/rustlib";
    let std = format!("lib/rustlib/{TRIPLE}/lib/libtest-0123.rlib");
    world.write(
        &format!("{rustlib}/multirust-channel-manifest.toml"),
        "manifest-version = \"2\"\n\n[pkg.rustc]\nversion = \"1.95.0 (59807616e 2026-04-14)\"\n",
    );
    world.write(
        &format!("{rustlib}/components"),
        &format!("rustc-{TRIPLE}\ncargo-{TRIPLE}\nrust-std-{TRIPLE}\n"),
    );
    for (component, file) in [
        ("rustc", "bin/rustc"),
        ("cargo", "bin/cargo"),
        ("rust-std", std.as_str()),
    ] {
        world.write(
            &format!("{rustlib}/manifest-{component}-{TRIPLE}"),
            &format!("file:{file}\n"),
        );
        world.script(&format!("tree/{file}"), "echo rustc 1.95.0");
    }
    let settings = if default {
        "default_toolchain = \"dev\"\n"
    } else {
        ""
    };
    world.write("rustup/settings.toml", settings);
    world.write("rustup/toolchains/.keep", "");
    let tree = world.path().join("tree");
    std::os::unix::fs::symlink(&tree, world.path().join("rustup/toolchains/dev")).expect("a link");
    settle();
    (world.path().join("rustup"), tree.join(std))
}

/// What is younger than a tick of the clock is not kept, and then nothing can be missed.
fn settle() {
    std::thread::sleep(Duration::from_millis(150));
}

/// The same size in place, so that nothing but the file itself tells.
fn write_in_place(file: &Path) {
    let mut bytes = std::fs::read(file).expect("the file");
    bytes.reverse();
    std::fs::write(file, bytes).expect("written in place");
}

fn replace(file: &Path) {
    let beside = file.with_extension("new");
    std::fs::write(&beside, "another std").expect("a file beside it");
    std::fs::rename(&beside, file).expect("renamed into place");
}

#[test]
fn a_changed_std_of_a_linked_toolchain_gives_another_environment() {
    let world = World::new();
    let (rustup, std) = linked_toolchain(&world, true);
    let project = world.project("examples/pure", "project");
    let print = || {
        let mut command = world.cargo_nix();
        command
            .args(["env", "--print", "--project"])
            .arg(&project)
            .env("RUSTUP_HOME", &rustup);
        let printed = success(&mut command);
        settle();
        printed
    };
    let first = print();
    assert!(
        world.cache().join("host/description").exists(),
        "the description is kept"
    );
    assert_eq!(print(), first, "nothing changed");
    write_in_place(&std);
    let second = print();
    assert_ne!(second, first, "written in place");
    assert_eq!(print(), second, "nothing changed");
    replace(&std);
    let third = print();
    assert!(third != first && third != second, "renamed into place");
}

/// A link counts whatever the default is: a project may name it.
#[test]
fn a_linked_toolchain_is_watched_when_it_is_not_the_default() {
    let world = World::new();
    let (rustup, std) = linked_toolchain(&world, false);
    let vars = Vars {
        home: Some(world.home()),
        rustup_home: Some(rustup.clone()),
        ..Vars::default()
    };
    let digest = || {
        let host = Host::current(&vars, &world.cache()).expect("a description");
        settle();
        host.digest
    };
    let mut seen = vec![digest()];
    assert_eq!(digest(), seen[0], "nothing changed");
    let records = std::fs::canonicalize(&rustup).expect("rustup's home");
    let records = records.join(format!("toolchains/dev/lib/rustlib/manifest-rust-std-{TRIPLE}"));
    let changes: [(&str, &dyn Fn()); 4] = [
        ("written in place", &|| write_in_place(&std)),
        ("renamed into place", &|| replace(&std)),
        ("a record", &|| {
            std::fs::write(&records, "file:bin/rustc\n").expect("a record");
        }),
        ("removed", &|| {
            std::fs::remove_file(rustup.join("toolchains/dev/bin/cargo")).expect("removed");
        }),
    ];
    for (what, change) in changes {
        change();
        let now = digest();
        assert!(!seen.contains(&now), "{what}");
        seen.push(now);
    }
}

/// The machine's own packages cannot be changed here; that a prompt sees what dpkg
/// renames into place, and an evaluation every file, is seen in what is kept.
#[test]
fn a_prompt_stats_what_tells_of_packages_and_an_evaluation_every_file() {
    let world = World::new();
    let vars = Vars {
        home: Some(world.home()),
        rustup_home: Some(common::rustup_home()),
        ..Vars::default()
    };
    Host::current(&vars, &world.cache()).expect("a description");
    let kept = |name: &str| std::fs::read(world.cache().join("host").join(name)).expect("the kept paths");
    let names = |bytes: &[u8], name: &str| {
        let watched = format!("{name}\0");
        bytes
            .windows(watched.len())
            .any(|part| part == watched.as_bytes())
    };
    let (few, all) = (kept("sentinel"), kept("files"));
    let multiarch = format!("{}-linux-gnu", std::env::consts::ARCH);
    for name in [
        "dpkg/status",
        "etc/alternatives",
        &multiarch,
        &format!("{multiarch}/pkgconfig"),
        "bin/cc",
        "toolchains",
    ] {
        assert!(names(&few, name), "{name} is not watched at a prompt");
    }
    for name in ["openssl.pc", "libssl.so", "opensslv.h"] {
        assert!(
            names(&all, name),
            "{name} is not watched (apt-get install libssl-dev)"
        );
    }
    let paths = few.iter().filter(|byte| **byte == 0).count();
    assert!(paths < 300, "{paths} paths are too many for a prompt");
}

/// Two names of one toolchain are watched at the price of one, and the name
/// that is led elsewhere is noticed.
#[test]
fn a_name_that_leads_to_another_toolchain_is_noticed() {
    let world = World::new();
    let (rustup, std) = linked_toolchain(&world, true);
    let vars = Vars {
        home: Some(world.home()),
        rustup_home: Some(rustup.clone()),
        ..Vars::default()
    };
    let look = || {
        let host = Host::current(&vars, &world.cache()).expect("a description");
        settle();
        host.digest
    };
    let paths = || {
        let kept = std::fs::read(world.cache().join("host/sentinel")).expect("the kept paths");
        kept.iter().filter(|byte| **byte == 0).count()
    };
    let one = look();
    let (alone, link) = (paths(), rustup.join("toolchains/also"));
    let tree = world.path().join("tree");
    std::os::unix::fs::symlink(&tree, &link).expect("a second name");
    settle();
    let two = look();
    assert_ne!(one, two);
    assert_eq!(paths(), alone + 1, "only the name itself is new");
    let copy = world.path().join("copy");
    success(std::process::Command::new("cp").arg("-a").args([&tree, &copy]));
    let beside = rustup.join("beside");
    std::os::unix::fs::symlink(&copy, &beside).expect("a link");
    std::fs::rename(&beside, &link).expect("led elsewhere");
    settle();
    let three = look();
    assert_ne!(three, two);
    write_in_place(&copy.join(std.strip_prefix(&tree).expect("below the tree")));
    settle();
    assert_ne!(look(), three, "what it leads to now is watched");
}

/// What takes all from its pins is not evaluated anew for a change of the
/// machine; what pins something else than packages is.
#[test]
fn only_without_pinned_packages_does_the_machine_count() {
    let world = World::new();
    let (rustup, std) = linked_toolchain(&world, true);
    let pins = lock(&[("nixpkgs", "package-set")]);
    let locked = &pins["nodes"]["nixpkgs"]["locked"];
    let npins = format!(
        "{{ nixpkgs.outPath = (builtins.fetchTree {{ type = \"path\"; path = {}; narHash = {}; }}).outPath; }}\n",
        locked["path"], locked["narHash"]
    );
    let none = "{ other = { }; }\n".to_owned();
    let cases = [
        ("locked", "flake.lock", pins.to_string(), true),
        ("npins", "npins/default.nix", npins, true),
        (
            "unpinned",
            "flake.lock",
            lock(&[("fenix", "fenix")]).to_string(),
            false,
        ),
        ("others", "npins/default.nix", none, false),
    ];
    let env = |name: &str| {
        let mut command = world.cargo_nix();
        command.args(["env", "--print", "--quiet", "--project"]);
        command.arg(world.path().join(name)).env("RUSTUP_HOME", &rustup);
        command
    };
    let text = "{ rust }: { toolchain = rust.default; }\n";
    let first = cases.each_ref().map(|(name, file, pins, _)| {
        world.write(&format!("{name}/crate-env.nix"), text);
        world.write(&format!("{name}/{file}"), pins);
        success(&mut env(name))
    });
    settle();
    write_in_place(&std);
    settle();
    for ((name, _, _, pinned), first) in cases.iter().zip(first) {
        let again = run(env(name).env("CARGO_NIX_EVAL", "/nonexistent"));
        assert_eq!(again.status.success(), *pinned, "{name}: {}", both(&again));
        if *pinned {
            assert_eq!(String::from_utf8_lossy(&again.stdout), first, "{name}");
        }
    }
    // The notes are no more than that.
    std::fs::remove_dir_all(world.cache().join("pinned")).expect("notes");
    assert!(
        !run(env("npins").env("CARGO_NIX_EVAL", "/nonexistent"))
            .status
            .success()
    );
    success(&mut env("npins"));
}
