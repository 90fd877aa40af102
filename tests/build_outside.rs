//! What a unit has, or has not, of the world outside of its sandbox: variables
//! that sh cannot name or a builder owns, files beside its package, links out of
//! it, what it prints.

mod build_help;
mod common;

use build_help::demo::{clean, is_local, only_hits, project, said};
use common::units::Units;
use common::{both, run};
use std::path::Path;
use std::process::Command;

const SAID: &str = "pub fn said() -> &'static str { env!(\"DEMO_SAID\") }";

/// What the program says, wherever its dependency was compiled.
fn says(cargo: &mut Command) -> String {
    let output = run(cargo.args(["run", "--quiet"]));
    assert!(output.status.success(), "{}", both(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn assert_local(units: &Units, project: &Path) {
    clean(units, project);
    let output = run(units.cargo(project).arg("build"));
    assert!(is_local(&output, "demo"), "{}", both(&output));
}

/// dash and others drop them: what is in between must not.
#[test]
fn a_variable_that_sh_cannot_name() {
    let units = Units::new();
    let script = r#"fn main() {
        let of = |name: &str| std::env::var(name).unwrap_or("none".into());
        println!("cargo:rerun-if-env-changed=CFLAGS_x86_64-unknown-demo");
        println!("cargo:rustc-env=DEMO_SAID={} {}", of("CFLAGS_x86_64-unknown-demo"), of("CARGO_FEATURE_C++20"));
        println!("cargo:rustc-env=DEMO-ODD=odd");
    }"#;
    let lib = "pub fn said() -> String { format!(\"{} {}\", env!(\"DEMO_SAID\"), env!(\"DEMO-ODD\")) }";
    let project = project(&units, "odd", lib, Some(script));
    units.world.write(
        "odd/vendor/demo/Cargo.toml",
        "[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[features]\ndefault = [\"c++20\"]\n\"c++20\" = []\n",
    );
    let with = |flags: &str| {
        let mut cargo = units.cargo(&project);
        cargo.env("CFLAGS_x86_64-unknown-demo", flags);
        cargo
    };
    assert_eq!(said(&mut units.cargo(&project)), "none 1 odd");
    assert_eq!(said(&mut with("-O1 'a' $b")), "-O1 'a' $b 1 odd");
    assert_eq!(said(&mut with("-O2")), "-O2 1 odd");
    clean(&units, &project);
    assert_eq!(said(only_hits(&mut with("-O1 'a' $b"))), "-O1 'a' $b 1 odd");
    assert_eq!(said(only_hits(&mut units.cargo(&project))), "none 1 odd");
}

/// Nix sets some for every builder, whatever they are outside; and the builder's
/// own script uses names that anybody may use.
#[test]
fn a_variable_that_a_builder_has_as_well() {
    let units = Units::new();
    let lib = |name: &str| {
        format!("pub fn said() -> &'static str {{ option_env!(\"{name}\").unwrap_or(\"none\") }}")
    };
    let values = [
        ("TERM", "7"),
        ("NIX_STORE", "7"),
        ("NIX_BUILD_CORES", "7"),
        // Of compilers alone, and what rustc itself can read.
        ("MALLOC_CONF", "narenas:7"),
    ];
    for (name, value) in values {
        let project = project(&units, &format!("owned-{name}"), &lib(name), None);
        assert_eq!(says(units.cargo(&project).env_remove(name)), "none", "{name}");
        assert_eq!(says(units.cargo(&project).env(name, value)), value, "{name}");
        assert_local(&units, &project);
    }
    // Of these the unit has none unless it is given one, which Nix would misunderstand.
    for name in ["name", "system", "builder", "out"] {
        let project = project(&units, &format!("nix-{name}"), &lib(name), None);
        assert_eq!(said(units.cargo(&project).env_remove(name)), "none", "{name}");
        assert_eq!(says(units.cargo(&project).env(name, "mine")), "mine", "{name}");
    }
    for name in ["status", "links", "link", "variable", "dependency"] {
        let project = project(&units, &format!("named-{name}"), &lib(name), None);
        assert_eq!(said(units.cargo(&project).env(name, "mine")), "mine", "{name}");
        assert_eq!(said(&mut units.cargo(&project)), "none", "{name}");
    }
}

/// Scripts see them, too, if they declare them.
#[test]
fn a_variable_of_a_script_that_the_builder_would_use() {
    let units = Units::new();
    let script = r#"fn main() {
        let names = ["status", "directory", "variable", "MALLOC_CONF"];
        for name in names { println!("cargo:rerun-if-env-changed={name}"); }
        let of = |name: &str| std::env::var(name).unwrap_or("none".into());
        println!("cargo:rustc-env=DEMO_SAID={}", names.map(of).join(" "));
    }"#;
    let project = project(&units, "script-named", SAID, Some(script));
    let mut cargo = units.cargo(&project);
    cargo.envs([("status", "a"), ("directory", "b"), ("variable", "c")]);
    assert_eq!(said(&mut cargo), "a b c none");
    cargo.env("MALLOC_CONF", "narenas:7");
    assert_eq!(said(&mut cargo), "a b c narenas:7");
}

/// In the store there is something else beside a package than in the checkout.
#[test]
fn a_relative_path_that_leads_out_of_the_package() {
    let units = Units::new();
    let script = "fn main() { println!(\"cargo:rerun-if-env-changed=DEMO_FILE\"); \
                  let text = std::fs::read_to_string(std::env::var(\"DEMO_FILE\").unwrap_or_default()); \
                  println!(\"cargo:rustc-env=DEMO_SAID={}\", text.unwrap_or(\"none\".into()).trim()); }";
    let project = project(&units, "relative", SAID, Some(script));
    units.world.write("relative/note", "a note");
    assert_eq!(said(&mut units.cargo(&project)), "none");
    let with = |file: &str| {
        let mut cargo = units.cargo(&project);
        cargo.env("DEMO_FILE", file);
        cargo
    };
    assert_eq!(says(&mut with("../../note")), "a note");
    // Within the package it is the same file.
    units.world.write("relative/vendor/demo/note", "its own");
    assert_eq!(said(&mut with("note")), "its own");
}

/// A script that watches `file`, and says what is in it.
fn watching(file: &str) -> String {
    format!(
        "fn main() {{ println!(\"cargo:rerun-if-changed={{}}\", {file}); \
         let text = std::fs::read_to_string({file}).unwrap_or(\"none\".into()); \
         println!(\"cargo:rustc-env=DEMO_SAID={{}}\", text.trim()); }}"
    )
}

/// The store has nothing beside a package, and not what others have there.
#[test]
fn a_file_beside_the_package() {
    let units = Units::new();
    let whole = "&(std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/../shared.txt\")";
    for (name, file) in [("beside", "\"../shared.txt\""), ("beside-whole", whole)] {
        let project = project(&units, name, SAID, Some(&watching(file)));
        assert_eq!(said(&mut units.cargo(&project)), "none", "{name}");
        for text in ["one", "two"] {
            units.world.write(&format!("{name}/vendor/shared.txt"), text);
            clean(&units, &project);
            assert_eq!(says(&mut units.cargo(&project)), text, "{name}");
        }
        assert_local(&units, &project);
    }
}

#[test]
fn a_link_out_of_the_package() {
    let units = Units::new();
    let script = watching("\"link.txt\"");
    let project = project(&units, "links", SAID, Some(&script));
    units.world.write("links/outside.txt", "one");
    let link = project.join("vendor/demo/link.txt");
    std::os::unix::fs::symlink("../../outside.txt", &link).unwrap();
    assert_eq!(says(&mut units.cargo(&project)), "one");
    units.world.write("links/outside.txt", "two");
    clean(&units, &project);
    assert_eq!(says(&mut units.cargo(&project)), "two");
    assert_local(&units, &project);
    // One that stays inside is as good as a file.
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("src/../inside.txt", &link).unwrap();
    units.world.write("links/vendor/demo/inside.txt", "inside");
    clean(&units, &project);
    assert_eq!(said(&mut units.cargo(&project)), "inside");
}

/// The script is told where its source is in the store; cargo looks where it is
/// edited.
#[test]
fn a_file_of_the_package_that_is_watched_by_its_whole_path() {
    let units = Units::new();
    let file = "std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/data.txt\"";
    let script = watching(&format!("&({file})"));
    let project = project(&units, "whole", SAID, Some(&script));
    for text in ["one", "two", "three"] {
        units.world.write("whole/vendor/demo/data.txt", text);
        assert_eq!(said(&mut units.cargo(&project)), text);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// What a compiler finds out about the processor is no input that can be named.
#[test]
fn a_c_compiler_that_looks_at_the_processor() {
    let units = Units::new();
    let script = "fn main() { println!(\"cargo:rerun-if-env-changed=CFLAGS\"); println!(\"cargo:rustc-env=DEMO_SAID={}\", std::env::var(\"CFLAGS\").unwrap_or(\"none\".into())); }";
    let project = project(&units, "native", SAID, Some(script));
    assert_eq!(said(&mut units.cargo(&project)), "none");
    let output = run(units
        .cargo(&project)
        .arg("build")
        .env("CFLAGS", "-O2 -march=native"));
    assert!(
        output.status.success() && is_local(&output, "demo"),
        "{}",
        both(&output)
    );
}

/// Most write to stderr; what is written to stdout is shown all the same.
#[test]
fn what_a_proc_macro_prints() {
    let units = Units::new();
    let lib = "extern crate proc_macro;\n\
               #[proc_macro] pub fn shout(input: proc_macro::TokenStream) -> proc_macro::TokenStream {\n\
               println!(\"printed by a macro\"); input }";
    let project = project(
        &units,
        "macros",
        "speaker::shout! { pub fn said() -> u8 { 7 } }",
        None,
    );
    for (file, text) in [
        (
            "demo/Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nspeaker = \"1\"\n",
        ),
        (
            "speaker/Cargo.toml",
            "[package]\nname = \"speaker\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n",
        ),
        ("speaker/.cargo-checksum.json", "{\"files\":{}}"),
        ("speaker/src/lib.rs", lib),
    ] {
        units.world.write(&format!("macros/vendor/{file}"), text);
    }
    let built = run(units.cargo(&project).arg("build"));
    assert!(both(&built).contains("printed by a macro"), "{}", both(&built));
    clean(&units, &project);
    let hit = run(only_hits(&mut units.cargo(&project)).arg("build"));
    assert!(hit.status.success() && !is_local(&hit, "demo"), "{}", both(&hit));
    assert!(both(&hit).contains("printed by a macro"), "{}", both(&hit));
}

/// A path may stand anywhere in a value.
#[test]
fn a_file_that_is_named_within_a_variable() {
    let units = Units::new();
    let script = r#"fn main() {
        println!("cargo:rerun-if-env-changed=DEMO_AT");
        let at = std::env::var("DEMO_AT").unwrap_or_default();
        let text = at.split('@').nth(1).and_then(|path| std::fs::read_to_string(path).ok());
        println!("cargo:rustc-env=DEMO_SAID={}", text.unwrap_or("none".into()));
    }"#;
    let project = project(&units, "within", SAID, Some(script));
    assert_eq!(said(&mut units.cargo(&project)), "none");
    units.world.write("secret", "read");
    let at = format!("user@{}", units.world.path().join("secret").display());
    assert_eq!(says(units.cargo(&project).env("DEMO_AT", at)), "read");
}

/// What is made in a sandbox goes with it.
#[test]
fn a_directory_that_a_variable_names_is_made() {
    let units = Units::new();
    let script = r#"fn main() {
        println!("cargo:rerun-if-env-changed=DEMO_TO");
        let to = std::env::var("DEMO_TO").unwrap_or(std::env::var("OUT_DIR").unwrap());
        std::fs::create_dir_all(&to).unwrap();
        std::fs::write(format!("{to}/made"), "made").unwrap();
        println!("cargo:rustc-env=DEMO_SAID=done");
    }"#;
    let project = project(&units, "making", SAID, Some(script));
    assert_eq!(said(&mut units.cargo(&project)), "done");
    let to = units.world.path().join("not/yet");
    assert_eq!(says(units.cargo(&project).env("DEMO_TO", &to)), "done");
    assert!(to.join("made").is_file());
}

/// Cargo tells of it as it does without us.
#[test]
fn the_exit_code_of_a_script() {
    let units = Units::new();
    let project = project(&units, "code", "", Some("fn main() { std::process::exit(3) }"));
    let output = run(units.cargo(&project).arg("build"));
    assert!(!output.status.success());
    assert!(both(&output).contains("exit status: 3"), "{}", both(&output));
}
