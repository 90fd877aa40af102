//! Units of one user are those of another: who builds, where, and with which
//! caches does not reach a key.
#![cfg(target_os = "linux")]

mod common;
mod store_help;

use common::success;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use store_help::{NAMELESS, NOBODY, Place};

const FILES: [(&str, &str); 7] = [
    (
        "Cargo.toml",
        "[package]\nname = \"shared\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n\
         [dependencies]\nanswer = \"1.0.0\"\n",
    ),
    (
        "src/main.rs",
        "fn main() {\n    println!(\"{}\", answer::ANSWER);\n}\n",
    ),
    (
        "vendor/answer/Cargo.toml",
        "[package]\nname = \"answer\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
    ),
    ("vendor/answer/src/lib.rs", "pub const ANSWER: u32 = 42;\n"),
    // As `cargo vendor` leaves it.
    (
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n",
    ),
    ("vendor/answer/.cargo-checksum.json", "{\"files\":{}}"),
    ("crate-env.nix", "{ rust }: { toolchain = rust.default; }\n"),
];

/// A checkout of the user's own, in a directory of another name.
fn checkout(place: &Place, uid: u32) -> PathBuf {
    let checkout = place.home(uid).join(format!("work-{uid}"));
    for (file, text) in FILES {
        place.world.write(&format!("home-{uid}/work-{uid}/{file}"), text);
    }
    let owner = format!("{uid}:{uid}");
    success(Command::new("chown").arg("-R").arg(owner).arg(&checkout));
    checkout
}

/// The library of `answer` in the user's target directory, as a store path.
fn built(place: &Place, uid: u32) -> PathBuf {
    let checkout = checkout(place, uid);
    let mut cargo = place.run_reading(uid, "cargo-nix");
    cargo
        .args(["exec", "--quiet", "--", "cargo", "build", "--offline"])
        .env("NIX_REMOTE", "daemon")
        .env("RUSTUP_HOME", common::rustup_home())
        .current_dir(&checkout);
    let output = common::run(&mut cargo);
    assert!(output.status.success(), "{}", common::both(&output));
    let program = checkout.join("target/debug/shared");
    assert_eq!(program.metadata().expect("a program").uid(), uid);
    assert_eq!(
        program.metadata().expect("a program").permissions().mode() & 0o111,
        0o111
    );
    let libraries = fs::read_dir(checkout.join("target/debug/deps")).expect("outputs");
    let mut libraries = libraries.map(|entry| entry.expect("an entry").path());
    let library = libraries.find(|path| path.extension().is_some_and(|ending| ending == "rlib"));
    let library = library.expect("a library");
    fs::read_link(&library).unwrap_or_else(|error| {
        let notes = fs::read_dir(place.home(uid).join(".cache/cargo-nix/units/builds")).expect("notes");
        let told = notes.map(|note| fs::read_to_string(note.expect("a note").path()).expect("text"));
        panic!("{error}: {}", told.collect::<String>())
    })
}

#[test]
fn what_one_user_built_is_there_for_another() {
    let place = Place::new("{ }: { }\n");
    let _daemon = place.daemon("trusted-users = *");
    let first = built(&place, NOBODY);
    let made = first.metadata().expect("it is there").ctime_nsec();
    let second = built(&place, NAMELESS);
    assert_eq!(first, second);
    assert_eq!(
        second.metadata().expect("it is there").ctime_nsec(),
        made,
        "it was not built again"
    );
}
