//! A program of its own: a wrapper of rustc that compiles nothing, to see what cargo
//! alone takes. With `$CARGO_NIX_BENCH_LINKED`, the `target/debug` of an earlier
//! build, it puts links to what that left of the dependencies, and checks nothing:
//! the least that a fresh checkout takes. Without it, all outputs are empty files.

use std::fs::{hard_link, read_link, write};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let after = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1)
    };
    let linked = variable("CARGO_NIX_BENCH_LINKED");
    let is_ours = linked.is_none() || words.iter().any(|word| word == "--cap-lints");
    let (Some(name), Some(directory), true) = (after("--crate-name"), after("--out-dir"), is_ours) else {
        let mut real = match variable("CARGO_NIX_BENCH_WRAPPER").filter(|_| linked.is_some()) {
            Some(wrapper) => Command::new(wrapper),
            None => Command::new("env"),
        };
        panic!("nothing starts: {}", real.args(&words).exec());
    };
    let extra = words
        .iter()
        .find_map(|word| word.strip_prefix("extra-filename="));
    let stem = format!("{name}{}", extra.unwrap_or_default());
    match linked {
        Some(outputs) => link(&outputs, Path::new(directory), &stem),
        None => empty(directory, &stem),
    }
    if after("--crate-type").is_some_and(|kind| kind == "lib") {
        eprintln!(
            "{{\"$message_type\":\"artifact\",\"artifact\":\"{directory}/lib{stem}.rmeta\",\"emit\":\"metadata\"}}"
        );
    }
}

fn link(outputs: &Path, directory: &Path, stem: &str) {
    let text = directory.to_str().expect("UTF-8");
    let (_, place) = text
        .split_once("/target/debug/")
        .expect("below the target directory");
    for file in [
        format!("{stem}.d"),
        stem.to_owned(),
        format!("lib{stem}.so"),
        format!("lib{stem}.rmeta"),
        format!("lib{stem}.rlib"),
    ] {
        let (from, to) = (outputs.join(place).join(&file), directory.join(&file));
        match read_link(&from) {
            Ok(store) => symlink(store, to).expect("a link"),
            Err(_) if from.exists() => hard_link(from, to).expect("a link"),
            Err(_) => {}
        }
    }
}

fn empty(directory: &str, stem: &str) {
    for file in [format!("lib{stem}.rmeta"), format!("lib{stem}.rlib")] {
        write(format!("{directory}/{file}"), "").expect("an output");
    }
    write(
        format!("{directory}/{stem}.d"),
        format!("{directory}/lib{stem}.rmeta:\n"),
    )
    .expect("an output");
}
