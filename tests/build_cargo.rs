//! Stock cargo with its dependencies from the store: what a user does, and what
//! must come of it.

mod common;

use common::units::Units;
use common::{both, run};
use std::path::Path;
use std::process::{Command, Output};

const ITOA: &str = "itoa = \"=1.0.11\"";
const MAIN: &str = "fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }";

/// Runs cargo, which must succeed; gives what it said.
fn built(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{}", both(&output));
    said(&output)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The reasons for local units of packages that are not the project's own.
fn local<'a>(stderr: &'a str, project: &str) -> Vec<&'a str> {
    stderr
        .lines()
        .filter(|line| {
            line.starts_with("cargo-nix: ") && !line.starts_with(&format!("cargo-nix: {project}-"))
        })
        .collect()
}

/// cargo, with an evaluator that cannot build anything: what succeeds was there.
fn only_hits(units: &Units, project: &Path) -> Command {
    let mut command = units.cargo(project);
    command.env("CARGO_NIX_EVAL", "/bin/false");
    command
}

fn assert_fresh(units: &Units, project: &Path, verb: &str) {
    let again = built(units.cargo(project).arg(verb));
    assert!(
        !again.contains("Compiling") && !again.contains("Checking"),
        "cargo {verb} again:\n{again}"
    );
}

#[test]
fn a_fresh_checkout_takes_its_units_from_the_store() {
    let units = Units::new();
    let project = units.project("one", ITOA, MAIN);
    let output = run(units.cargo(&project).arg("run"));
    assert!(output.status.success(), "{}", both(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42\n");
    assert!(local(&said(&output), "one").is_empty(), "{}", both(&output));
    assert_fresh(&units, &project, "build");

    let other = units.project("two", ITOA, MAIN);
    let stderr = built(only_hits(&units, &other).arg("build"));
    assert!(
        stderr.contains("Compiling itoa") && local(&stderr, "two").is_empty(),
        "{stderr}"
    );
    assert_fresh(&units, &other, "build");
    let link = std::fs::read_dir(other.join("target/debug/deps"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_str().unwrap().ends_with(".rlib"))
        .unwrap();
    assert!(
        std::fs::read_link(link)
            .unwrap()
            .starts_with(units.world.store_dir())
    );
}

/// Proc-macros, build scripts with `rustc-cfg`, and check units beside build units.
#[test]
fn build_scripts_and_proc_macros() {
    let units = Units::new();
    let dependencies = "anyhow = \"=1.0.86\"\nserde = { version = \"=1.0.203\", features = [\"derive\"] }";
    let main = "#[derive(serde::Serialize)] struct S { a: u8 }\nfn main() -> anyhow::Result<()> { let s = S { a: 1 }; println!(\"{}\", s.a); Ok(()) }";
    let project = units.project("three", dependencies, main);
    for verb in ["build", "check"] {
        let stderr = built(units.cargo(&project).arg(verb));
        assert!(local(&stderr, "three").is_empty(), "{stderr}");
        assert_fresh(&units, &project, verb);
    }
    let other = units.project("four", dependencies, main);
    for verb in ["check", "build"] {
        let stderr = built(only_hits(&units, &other).arg(verb));
        assert!(local(&stderr, "four").is_empty(), "{stderr}");
        assert_fresh(&units, &other, verb);
    }
}

/// A C library, bundled: compiled in the sandbox, linked from there.
#[test]
fn bundled_c_is_compiled_in_the_sandbox() {
    let units = Units::new();
    let dependencies =
        "libz-sys = { version = \"=1.1.18\", default-features = false, features = [\"libc\", \"static\"] }";
    let main = "fn main() { let v = unsafe { std::ffi::CStr::from_ptr(libz_sys::zlibVersion()) }; println!(\"{}\", v.to_str().unwrap()); }";
    let project = units.project("five", dependencies, main);
    let output = run(units.cargo(&project).arg("run"));
    assert!(output.status.success(), "{}", both(&output));
    assert!(local(&said(&output), "five").is_empty(), "{}", both(&output));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("1."));
    assert_fresh(&units, &project, "build");
}

/// Cargo asks rustc about itself by way of the wrapper: what it hears is what rustc
/// says, the first time, the next, and when the answer that was kept is damaged.
#[test]
fn what_rustc_says_of_itself_is_rustcs_own_word() {
    let units = Units::new();
    let project = units.project("asked", ITOA, MAIN);
    let ask = |arguments: &[&str]| {
        let rustc = Path::new(&units.toolchain).join("bin/rustc");
        let mut own = units.world.command(&rustc);
        let own = run(own.args(arguments).stdin(std::process::Stdio::null()));
        let answer = run(units
            .wrapper(&project)
            .arg(&rustc)
            .args(arguments)
            .stdin(std::process::Stdio::null()));
        assert!(own.status.success());
        assert_eq!(
            (answer.status.success(), answer.stdout),
            (true, own.stdout),
            "{arguments:?}"
        );
    };
    let questions: [&[&str]; 4] = [
        &["-vV"],
        &[
            "-",
            "--crate-name",
            "___",
            "--print=file-names",
            "--crate-type",
            "bin",
            "--print=cfg",
        ],
        &[
            "-",
            "--crate-name",
            "___",
            "--print=cfg",
            "-Ctarget-feature=+avx2",
        ],
        &["--print=sysroot"],
    ];
    for _ in 0..2 {
        questions.iter().for_each(|question| ask(question));
    }
    let kept = units.world.cache().join("units/probes");
    let files: Vec<_> = std::fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), questions.len());
    for file in files {
        std::fs::write(file, "noise").unwrap();
    }
    questions.iter().for_each(|question| ask(question));
}

/// With cargo's first question the look at the machine's files begins, and nobody
/// waits for it: one look, however often it is asked.
#[test]
fn the_first_question_begins_the_look_at_the_machine() {
    let units = Units::new();
    let project = units.project("ahead", ITOA, MAIN);
    let runs = units.world.cache().join("units/runs");
    std::fs::create_dir_all(&runs).unwrap();
    for _ in 0..3 {
        let rustc = Path::new(&units.toolchain).join("bin/rustc");
        let mut asked = units.wrapper(&project);
        asked.arg(&rustc).arg("-vV").stdin(std::process::Stdio::null());
        assert!(run(&mut asked).status.success());
    }
    let noted = || {
        let files = std::fs::read_dir(&runs)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let texts = files.map(|file| std::fs::read_to_string(file).unwrap());
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>()
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while noted().is_empty() {
        assert!(std::time::Instant::now() < patience, "nobody looked");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(noted(), ["yes"]);
}
