//! A program of its own: a wrapper of rustc that compiles nothing, to see what
//! cargo alone takes for a unit.

use std::fs::write;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1)
    };
    let (Some(name), Some(directory)) = (after("--crate-name"), after("--out-dir")) else {
        let status = Command::new(&words[0]).args(&words[1..]).status().expect("rustc starts");
        std::process::exit(status.code().unwrap_or(1));
    };
    let extra = words.iter().find_map(|word| word.strip_prefix("extra-filename="));
    let stem = format!("{name}{}", extra.unwrap_or_default());
    for file in [format!("lib{stem}.rmeta"), format!("lib{stem}.rlib")] {
        write(format!("{directory}/{file}"), "").expect("an output");
    }
    write(format!("{directory}/{stem}.d"), format!("{directory}/lib{stem}.rmeta:\n")).expect("an output");
    eprintln!("{{\"$message_type\":\"artifact\",\"artifact\":\"{directory}/lib{stem}.rmeta\",\"emit\":\"metadata\"}}");
}
