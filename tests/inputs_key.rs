//! What is in the key, each alone, and what is not.

mod common;
mod inputs_help;

use inputs_help::{Fixture, current};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const FILES: &[(&str, &str)] = &[
    (".git/", ""),
    ("crate-env.nix", "[ ./data ./d ./l ./.  ./maybe.nix ./p/${x} ]"),
    ("data", "1"),
    ("d/a", "1"),
    ("d/empty/", ""),
    ("l -> data", ""),
    ("p/one", "1"),
    ("imported.nix", "1"),
    ("flake.nix", "{ }"),
    ("flake.lock", "{ }"),
    ("npins/default.nix", "1"),
    ("rust-toolchain.toml", ""),
    (
        "Cargo.toml",
        "[package]\nname = \"p\"\n[package.metadata.cargo-nix]\na = 1\n",
    ),
    ("Cargo.lock", ""),
    ("src/main.rs", ""),
    ("README.md", ""),
];

#[test]
fn each_input_alone_changes_the_key() {
    let executable =
        |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let append = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, text + "\n ").unwrap();
    };
    type Edit<'a> = &'a dyn Fn(&Path);
    let edits: &[(&str, Edit<'_>)] = &[
        ("crate-env.nix", &append),
        ("data", &append),
        ("data", &executable),
        ("d/a", &append),
        ("d/empty", &|path| std::fs::remove_dir(path).unwrap()),
        ("d/new", &|path| std::fs::write(path, "").unwrap()),
        ("d/a", &|path| {
            std::fs::rename(path, path.with_file_name("b")).unwrap()
        }),
        ("l", &|path| {
            std::fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink("d", path).unwrap();
        }),
        ("maybe.nix", &|path| std::fs::write(path, "1").unwrap()),
        ("p/two", &|path| std::fs::write(path, "").unwrap()),
        ("imported.nix", &append),
        ("deep/er/new.nix", &|path| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "1").unwrap();
        }),
        ("flake.nix", &append),
        ("flake.lock", &append),
        ("flake.lock", &|path| std::fs::remove_file(path).unwrap()),
        ("npins/default.nix", &append),
        ("npins/sources.json", &|path| std::fs::write(path, "").unwrap()),
        ("rust-toolchain.toml", &append),
        ("rust-toolchain", &|path| std::fs::write(path, "stable").unwrap()),
        ("Cargo.toml", &|path| {
            let text = std::fs::read_to_string(path).unwrap();
            std::fs::write(path, text.replace("a = 1", "a = 2")).unwrap();
        }),
    ];
    for (name, edit) in edits {
        let fixture = Fixture::new(FILES);
        let before = fixture.digest();
        edit(&fixture.directory.join(name));
        let after = fixture.digest();
        assert_ne!(after, before, "{name}");
        assert_eq!(after, fixture.fresh_digest(), "{name}");
    }
}

#[test]
fn the_layout_is_in_the_key() {
    let fixture = Fixture::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"m\"]\n"),
        ("crate-env.nix", "./m/crate-env.nix"),
        ("m/Cargo.toml", "[package]\nname = \"m\"\n"),
        ("m/crate-env.nix", "1"),
    ]);
    let member = current(&fixture.directory.join("m"), &fixture.world.cache()).unwrap();
    assert_eq!(member.layout().layers, ["", "m"]);
    assert_ne!(
        member.digest(),
        fixture.digest(),
        "the same files, another environment"
    );
}

#[test]
fn nothing_else_changes_the_key() {
    let fixture = Fixture::new(FILES);
    let before = fixture.digest();
    let path = |name: &str| fixture.directory.join(name);
    let same = |what: &str| {
        assert_eq!(fixture.digest(), before, "{what}");
        assert_eq!(fixture.fresh_digest(), before, "{what}, discovered anew");
    };
    common::success(Command::new("touch").args([path("crate-env.nix"), path("d/a"), path("d")]));
    same("touch");
    common::success(Command::new("touch").args(["-d", "2001-01-01"]).arg(path("data")));
    same("an old time");
    std::fs::copy(path("data"), path("data.new")).unwrap();
    std::fs::rename(path("data.new"), path("data")).unwrap();
    same("another inode");
    std::fs::set_permissions(path("data"), std::fs::Permissions::from_mode(0o640)).unwrap();
    same("a mode without meaning to Nix");
    fixture.write(&[
        ("Cargo.lock", "x"),
        ("src/main.rs", "fn main() {}"),
        ("src/new/x.rs", ""),
        ("README.md", "x"),
    ]);
    same("code and other files");
    fixture.write(&[
        ("target/debug/x.nix", "1"),
        (".git/HEAD", "x"),
        (".direnv/x.nix", ""),
        ("d/.git/x", ""),
    ]);
    same("what tools leave");
    let cargo = std::fs::read_to_string(path("Cargo.toml")).unwrap();
    std::fs::write(path("Cargo.toml"), cargo + "[dependencies]\nserde = \"1\"\n").unwrap();
    same("the rest of Cargo.toml");
    std::fs::write(path("data"), "2").unwrap();
    assert_ne!(fixture.digest(), before);
    std::fs::write(path("data"), "1").unwrap();
    same("there and back again");
}

/// Two worktrees share; who owns the files does not matter.
#[test]
fn the_place_of_a_checkout_is_not_in_the_key() {
    let fixture = Fixture::new(FILES);
    let other = fixture.world.path().join("elsewhere/ünder/q");
    std::fs::create_dir_all(other.parent().unwrap()).unwrap();
    common::success(Command::new("cp").arg("-a").args([&fixture.directory, &other]));
    if common::success(Command::new("id").arg("-u")).trim() == "0" {
        common::success(Command::new("chown").args(["-R", "12345:12345"]).arg(&other));
    }
    let copy = current(&other, &fixture.world.cache()).unwrap();
    assert_eq!(copy.digest(), fixture.digest());
}
