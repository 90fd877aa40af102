//! A program of its own: a wrapper of rustc that puts links to what an earlier
//! build left, to see what a fresh checkout takes at least. Nothing is checked.

use std::fs::{hard_link, read_link};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let variable = |name: &str| PathBuf::from(std::env::var_os(name).expect("it is set"));
    let after = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1)
    };
    let dependency = words.iter().any(|word| word == "--cap-lints");
    let (Some(name), Some(directory), true) = (after("--crate-name"), after("--out-dir"), dependency) else {
        let error = Command::new(variable("CARGO_NIX_BENCH_WRAPPER"))
            .args(&words)
            .exec();
        panic!("the wrapper does not start: {error}");
    };
    let extra = words
        .iter()
        .find_map(|word| word.strip_prefix("extra-filename="))
        .unwrap_or_default();
    let stem = format!("{name}{extra}");
    let (_, place) = directory
        .split_once("/target/debug/")
        .expect("below the target directory");
    let (from, to) = (
        variable("CARGO_NIX_BENCH_LINKED").join(place),
        Path::new(directory),
    );
    let is_library = after("--crate-type").is_some_and(|kind| kind == "lib");
    for file in [
        format!("{stem}.d"),
        stem.clone(),
        format!("lib{stem}.so"),
        format!("lib{stem}.rmeta"),
        format!("lib{stem}.rlib"),
    ] {
        let (from, to) = (from.join(&file), to.join(&file));
        match read_link(&from) {
            Ok(store) => symlink(store, to).expect("a link"),
            Err(_) if from.exists() => hard_link(from, to).expect("a link"),
            Err(_) => {}
        }
    }
    if is_library {
        eprintln!(
            "{{\"$message_type\":\"artifact\",\"artifact\":\"{directory}/lib{stem}.rmeta\",\"emit\":\"metadata\"}}"
        );
    }
}
