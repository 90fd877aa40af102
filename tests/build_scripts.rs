//! Build scripts over units: what real ones do and expect, each as plain cargo
//! has it, and the next build a no-op.

mod build_help;
mod common;

use build_help::demo::{clean, is_local, only_hits, project, said, stderr};
use build_help::edit;
use common::units::Units;
use common::{both, run, success};
use std::path::Path;
use std::process::Command;

/// Cargo compiles nothing and runs nothing.
fn assert_fresh(units: &Units, project: &Path) {
    let again = run(units.cargo(project).arg("build"));
    assert!(
        again.status.success() && !stderr(&again).contains("Compiling"),
        "{}",
        both(&again)
    );
}

const ENV_LIB: &str = "pub fn said() -> String { env!(\"DEMO_SAID\").to_owned() }";

/// A script that says a variable, which it reads in `read` (an expression).
fn saying(before: &str, read: &str) -> String {
    format!("fn main() {{ {before} println!(\"cargo:rustc-env=DEMO_SAID={{}}\", {read}); }}")
}

/// The sandbox would not show it, so the script would say that it is not there.
#[test]
fn a_script_that_watches_a_file_of_the_machine_runs_outside() {
    let units = Units::new();
    let file = units.world.write("outside/note", "here");
    let file = file.to_str().unwrap();
    let read = format!("std::fs::read_to_string({file:?}).unwrap_or(\"absent\".into())");
    let script = saying(
        &format!("println!(\"cargo::rerun-if-changed={{}}\", {file:?});"),
        &read,
    );
    let project = project(&units, "watching", ENV_LIB, Some(&script));
    let said = |what: &str| {
        let output = run(units.cargo(&project).arg("run"));
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            what,
            "{}",
            both(&output)
        );
    };
    said("here");
    std::fs::write(file, "there").unwrap();
    said("there");
    std::fs::remove_file(file).unwrap();
    said("absent");
    std::fs::write(file, "back").unwrap();
    said("back");
}

/// Cargo trims the lines; so what is watched in an indented one counts.
#[test]
fn an_indented_directive_counts() {
    let units = Units::new();
    let script = saying(
        "println!(\"  cargo:rerun-if-env-changed=DEMO_FLAVOUR  \");",
        "std::env::var(\"DEMO_FLAVOUR\").unwrap_or_default()",
    );
    let project = project(&units, "indented", ENV_LIB, Some(&script));
    for flavour in ["sweet", "sour", "sweet"] {
        assert_eq!(said(units.cargo(&project).env("DEMO_FLAVOUR", flavour)), flavour);
    }
}

/// What a script declares only to fail without it, it gets.
#[test]
fn a_script_that_fails_without_a_variable_gets_it() {
    let units = Units::new();
    let script = saying(
        "println!(\"cargo:rerun-if-env-changed=DEMO_NEEDED\");",
        "std::env::var(\"DEMO_NEEDED\").expect(\"it is needed\")",
    );
    let one = project(&units, "needing", ENV_LIB, Some(&script));
    assert_eq!(said(units.cargo(&one).env("DEMO_NEEDED", "given")), "given");
    clean(&units, &one);
    assert_eq!(
        said(only_hits(units.cargo(&one).env("DEMO_NEEDED", "given"))),
        "given"
    );
    let without = run(units.cargo(&one).arg("build"));
    assert!(stderr(&without).contains("it is needed"), "{}", both(&without));
}

/// What crate-env.nix sets for a package counts for its units, and its
/// `env!` does not have cargo compile it at each build.
#[test]
fn a_variable_of_the_package_alone_that_is_compiled_in() {
    let units = Units::new();
    let lib = "pub fn said() -> &'static str { option_env!(\"DEMO_OWN\").unwrap_or(\"none\") }";
    let project = project(&units, "own", lib, None);
    units.set_crate("demo", "export PATH=/usr/bin:/bin DEMO_OWN=ours", true);
    assert_eq!(said(&mut units.cargo(&project)), "ours");
    assert_fresh(&units, &project);
    assert_fresh(&units, &project);
}

/// What cargo's process has of a variable that is watched counts more than what
/// the environment of every unit sets; what crate-env.nix sets for the package
/// alone counts most.
#[test]
fn whose_variable_counts() {
    let units = Units::new();
    let script = saying(
        "println!(\"cargo:rerun-if-env-changed=DEMO_CC\");",
        "std::env::var(\"DEMO_CC\").unwrap_or(\"none\".into())",
    );
    let project = project(&units, "precedence", ENV_LIB, Some(&script));
    units.set_environment("export PATH=/usr/bin:/bin DEMO_CC=everybody");
    assert_eq!(said(&mut units.cargo(&project)), "everybody");
    assert_eq!(said(units.cargo(&project).env("DEMO_CC", "mine")), "mine");
    units.set_crate("demo", "export PATH=/usr/bin:/bin DEMO_CC=package", true);
    units.set_crate_variables("demo", &["DEMO_CC"]);
    clean(&units, &project);
    assert_eq!(said(units.cargo(&project).env("DEMO_CC", "mine")), "package");
}

/// When something is built is no input of it: the date that a script is told is
/// the same one day and the next, unless somebody declares and sets another.
#[test]
fn the_date_of_a_build_is_no_input_of_it() {
    let units = Units::new();
    let read = "std::env::var(\"SOURCE_DATE_EPOCH\").unwrap_or(\"none\".into())";
    let silent = project(&units, "silent", ENV_LIB, Some(&saying("", read)));
    assert_eq!(said(&mut units.cargo(&silent)), "315532800");
    clean(&units, &silent);
    assert_eq!(
        said(only_hits(units.cargo(&silent).env("SOURCE_DATE_EPOCH", "7"))),
        "315532800"
    );
    let watches = "println!(\"cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH\");";
    let telling = project(&units, "telling", ENV_LIB, Some(&saying(watches, read)));
    assert_eq!(said(&mut units.cargo(&telling)), "315532800");
    assert_eq!(said(units.cargo(&telling).env("SOURCE_DATE_EPOCH", "7")), "7");
}

/// Nor does what is set for everybody's own use mislead a script.
#[test]
fn what_cargo_says_counts_more_than_an_environment() {
    let units = Units::new();
    let script = saying(
        "",
        "std::env::var(\"HOST\").unwrap() == std::env::var(\"TARGET\").unwrap()",
    );
    let project = project(&units, "hosts", ENV_LIB, Some(&script));
    units.set_environment("export PATH=/usr/bin:/bin HOST=0.0.0.0 DEBUG=app:");
    assert_eq!(said(&mut units.cargo(&project)), "true");
}

/// rustdoc and a cargo outside do not ask us: they find in cargo's own OUT_DIR
/// what the script left, however large.
#[test]
fn what_a_script_generates_is_there_for_those_who_do_not_ask_us() {
    let units = Units::new();
    let script = "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap(); \
                  std::fs::write(format!(\"{out}/table.bin\"), vec![7; 2 << 20]).unwrap(); }";
    let lib = "pub fn said() -> usize { include_bytes!(concat!(env!(\"OUT_DIR\"), \"/table.bin\")).len() }";
    let project = project(&units, "table", lib, Some(script));
    assert_eq!(said(&mut units.cargo(&project)), "2097152");
    for cargo in [&mut units.cargo(&project), &mut units.plain_cargo(&project)] {
        let output = run(cargo.arg("doc"));
        assert!(output.status.success(), "{}", both(&output));
    }
    let output = run(units.plain_cargo(&project).args(["check", "--release"]));
    assert!(output.status.success(), "{}", both(&output));
}

/// Builds a shared library, and has whoever uses the package linked with it.
const SHARED: &str = r#"
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/x.c"), "int seven(void) { return 7; }").unwrap();
    let status = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o"]).arg(format!("{out}/libseven.so")).arg(format!("{out}/x.c")).status().unwrap();
    assert!(status.success());
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=dylib=seven");
}
"#;
const SEVEN: &str = "unsafe extern \"C\" { fn seven() -> i32; }\npub fn said() -> i32 { unsafe { seven() } }";

/// Cargo runs programs with the libraries in their dependencies' OUT_DIR.
#[test]
fn a_shared_library_that_a_script_builds_is_found_when_the_program_runs() {
    let units = Units::new();
    let project = project(&units, "shared", SEVEN, Some(SHARED));
    assert_eq!(said(&mut units.cargo(&project)), "7");
    assert_fresh(&units, &project);
}

/// So it is through a package between them, whose own script uses it too.
#[test]
fn a_shared_library_of_a_dependency_of_a_dependency_is_found() {
    let units = Units::new();
    for name in ["through", "through-elsewhere"] {
        let project = project(&units, name, SEVEN, Some(SHARED));
        let write = |path: &str, text: &str| units.world.write(&format!("{name}/{path}"), text);
        write(
            "vendor/middle/Cargo.toml",
            "[package]\nname = \"middle\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\
             [dependencies]\ndemo = \"1\"\n[build-dependencies]\ndemo = \"1\"\n",
        );
        write("vendor/middle/.cargo-checksum.json", "{\"files\":{}}");
        write(
            "vendor/middle/build.rs",
            "fn main() { println!(\"cargo:rustc-env=SAID={}\", demo::said() * 10); }",
        );
        write(
            "vendor/middle/src/lib.rs",
            "pub fn said() -> String { format!(\"{} {}\", demo::said(), env!(\"SAID\")) }",
        );
        edit(&project.join("Cargo.toml"), "demo = \"1\"", "middle = \"1\"");
        edit(&project.join("src/main.rs"), "demo::", "middle::");
        let output = run(units.cargo(&project).arg("run"));
        assert!(output.status.success(), "{}", both(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "7 70\n");
        assert!(
            !is_local(&output, "demo") && !is_local(&output, "middle"),
            "{}",
            both(&output)
        );
        assert_fresh(&units, &project);
    }
}

/// Every way in which scripts say how to link: that of a dependency for whoever
/// uses it, that of the package for its own programs.
#[test]
fn what_scripts_say_to_the_linker() {
    let units = Units::new();
    let library = SHARED
        .replace(
            "rustc-link-search=native={out}",
            "rustc-flags=-l static=seven -L native={out}",
        )
        .replace("println!(\"cargo:rustc-link-lib=dylib=seven\");", "")
        .replace("\"-shared\", \"-fPIC\"", "\"-c\"")
        .replace("libseven.so", "seven.o");
    let archived = library.replace(
        "assert!(status.success());",
        "assert!(status.success()); std::process::Command::new(\"ar\").args([\"crs\"]) \
         .arg(format!(\"{out}/libseven.a\")).arg(format!(\"{out}/seven.o\")).status().unwrap();",
    );
    let make = |name: &str| {
        let project = project(&units, name, SEVEN, Some(&archived));
        let argument = |form: &str, path: &str| format!("println!(\"cargo:{form}=-Wl,-rpath,{path}\");");
        let own = [
            argument("rustc-link-arg", "/of/all"),
            argument("rustc-link-arg-bins", "/of/programs"),
            argument(&format!("rustc-link-arg-bin={name}"), "/of/this"),
        ];
        units.world.write(
            &format!("{name}/build.rs"),
            &format!("fn main() {{ {} }}", own.concat()),
        );
        project
    };
    let [plain, one, two] = ["plain", "one", "two"].map(make);
    let runpath = |project: &Path, cargo: &mut Command| {
        let output = run(cargo.arg("run"));
        assert!(
            output.status.success() && !is_local(&output, "demo"),
            "{}",
            both(&output)
        );
        assert_eq!(String::from_utf8_lossy(&output.stdout), "7\n");
        let name = project.file_name().unwrap();
        let program = project.join("target/debug").join(name);
        let dynamic = success(Command::new("readelf").arg("-d").arg(program));
        dynamic
            .lines()
            .find(|line| line.contains("RUNPATH"))
            .map(str::to_owned)
    };
    let expected = runpath(&plain, &mut units.plain_cargo(&plain));
    assert!(
        expected.as_ref().is_some_and(|line| line.contains("/of/all:")),
        "{expected:?}"
    );
    for project in [one, two] {
        assert_eq!(runpath(&project, &mut units.cargo(&project)), expected);
        assert_fresh(&units, &project);
    }
}

/// A script that is linked with Rust's own libraries finds them.
#[test]
fn a_script_may_prefer_dynamic_linking() {
    let units = Units::new();
    let project = project(&units, "dynamic", ENV_LIB, Some(&saying("", "1 + 1")));
    let mut cargo = units.cargo(&project);
    cargo.env("RUSTFLAGS", "-Cprefer-dynamic").args(["build"]);
    let output = run(&mut cargo);
    assert!(output.status.success(), "{}", both(&output));
    assert!(!is_local(&output, "demo"), "{}", both(&output));
}

/// As some do: a make of their own gets cargo's flags, and what looks for cargo's
/// target directory above OUT_DIR finds one.
#[test]
fn what_scripts_look_for_is_there() {
    let units = Units::new();
    let script = r#"
fn main() {
    std::env::var("CARGO_MAKEFLAGS").expect("CARGO_MAKEFLAGS");
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
    let is_target = |dir: &&std::path::Path| dir.join("CACHEDIR.TAG").exists() && dir.join(".rustc_info.json").exists();
    let target = out.ancestors().find(is_target).expect("a target directory");
    std::fs::write(target.join("shared"), "").unwrap();
    println!("cargo:rustc-env=DEMO_SAID={}", target.file_name().unwrap().to_str().unwrap());
}
"#;
    let project = project(&units, "looking", ENV_LIB, Some(script));
    assert_eq!(said(&mut units.cargo(&project)), "target");
}

/// A shared library that is to lie beside the program, say.
#[test]
fn what_a_script_puts_beside_the_program_is_there() {
    let units = Units::new();
    let script = r#"
fn main() {
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
    std::fs::write(out.ancestors().nth(3).unwrap().join("beside"), "made").unwrap();
    println!("cargo:rustc-env=DEMO_SAID=done");
}
"#;
    let project = project(&units, "neighbour", ENV_LIB, Some(script));
    for _ in 0..2 {
        let output = run(units.cargo(&project).arg("run"));
        assert!(output.status.success(), "{}", both(&output));
        let made = std::fs::read_to_string(project.join("target/debug/beside"));
        assert_eq!(made.ok().as_deref(), Some("made"), "{}", both(&output));
        clean(&units, &project);
    }
}

#[test]
fn a_script_that_ends_without_a_word() {
    let units = Units::new();
    let silent = project(&units, "silent", "", Some("fn main() { std::process::exit(3) }"));
    let output = run(units.cargo(&silent).arg("build"));
    let text = stderr(&output);
    assert!(text.contains("exit status: 3"), "{text}");
    assert_eq!(text.matches("--- stderr").count(), 1, "{text}");
}

/// What is meant for cargo reaches cargo when a script fails, too, and no line
/// of its output is lost.
#[test]
fn a_failing_script_says_all_that_it_said() {
    let units = Units::new();
    let script = "fn main() { println!(\"cargo::error=no such thing\"); println!(\"cargo::warning=beware\"); print!(\"of no use to cargo\"); \
                  for line in 0..200 { eprintln!(\"line {line}.\"); } eprintln!(\"is `cmake` not installed?\"); \
                  std::process::exit(1) }";
    let project = project(&units, "long", "", Some(script));
    let output = run(units.cargo(&project).arg("build"));
    let text = stderr(&output);
    for part in [
        "no such thing",
        "line 0.",
        "line 199.",
        "crates.demo.nativeBuildInputs = [ cmake ];",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(text.contains("beware"), "{text}");
    // As cargo has it of a script that runs outside.
    let (_, shown) = text.split_once("--- stdout").unwrap();
    let (stdout, stderr) = shown.split_once("--- stderr").unwrap();
    assert!(
        stdout.contains("of no use to cargo") && !stdout.contains("line 0."),
        "{text}"
    );
    assert!(
        stderr.contains("line 0.") && !stderr.contains("of no use to cargo"),
        "{text}"
    );
}

/// Where Rust's own `unwrap` names nothing, what can be known is said.
#[test]
fn a_script_that_unwraps_is_told_what_it_may_lack() {
    let units = Units::new();
    let cases = [
        (
            "std::fs::read_to_string(\"/etc/hostname\").unwrap();",
            "line 2 of build.rs looks for something that is not there",
            "crates.demo.sandbox = false;",
        ),
        (
            "std::process::Command::new(\"no-such-tool\").status().unwrap();",
            "line 2 of build.rs looks for something that is not there",
            "crates.demo.nativeBuildInputs",
        ),
        (
            "std::process::Command::new(\"no-such-tool\").status().expect(\"failed to run no-such-tool\");",
            "it looks for no-such-tool",
            "crates.demo.nativeBuildInputs = [ no-such-tool ];",
        ),
        (
            "std::fs::write(\"src/made.rs\", \"\").unwrap();",
            "its source is read-only",
            "crates.demo.sandbox = false;",
        ),
    ];
    for (at, (statement, what, way)) in cases.into_iter().enumerate() {
        let script = format!("fn main() {{\n    {statement}\n}}");
        let project = project(&units, &format!("unwraps-{at}"), "", Some(&script));
        let output = run(units.cargo(&project).arg("build"));
        let text = stderr(&output);
        assert!(text.contains(what) && text.contains(way), "{statement}\n{text}");
    }
}
