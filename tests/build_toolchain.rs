//! The compiler alone is another, whatever it says of its version, or std alone is:
//! no unit of the one before is a hit, and all of its own are the next time.

mod build_help;
mod common;

use build_help::demo::project;
use common::success;
use common::units::{Units, cargo_home, remove_target};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A compiler that is the machine's but for a comment.
fn compiler(comment: &str) -> String {
    format!(
        r#"
    printf '#!/bin/sh\n# {comment}\nexec ${{rust.default}}/bin/rustc "$@"\n' >$out/bin/rustc"#
    )
}

/// The machine's compiler over a std that has one thing more in its archive.
fn std(comment: &str) -> String {
    format!(
        r#"
    mkdir $out/lib
    cp -rsL ${{rust.default}}/lib/. $out/lib/
    chmod -R u+w $out/lib
    std=$(echo $out/lib/rustlib/*/lib/libstd-*.rlib)
    cp --remove-destination "$(readlink -f "$std")" "$std"
    chmod u+w "$std"
    echo {comment} >note
    ar q "$std" note
    printf '#!/bin/sh\nexec ${{rust.default}}/bin/rustc --sysroot %s "$@"\n' $out >$out/bin/rustc"#
    )
}

/// The project's environment with a toolchain of its own: what `make` makes, and
/// beside it the machine's.
fn set(project: &Path, make: &str) {
    let text = format!(
        r#"{{ pkgs, rust }}:
{{
  toolchain = pkgs.runCommand "rust-of-ours" {{ }} ''
    mkdir -p $out/bin
    for program in cargo rustdoc; do ln -s ${{rust.default}}/bin/$program $out/bin/; done{make}
    chmod +x $out/bin/rustc
  '';
}}
"#
    );
    std::fs::write(project.join("crate-env.nix"), text).unwrap();
}

/// Builds from nothing; the outcomes of the units of `demo`.
fn outcomes(units: &Units, project: &Path) -> Vec<String> {
    let in_project =
        |command: &mut Command| success(command.current_dir(project).env("CARGO_HOME", cargo_home()));
    remove_target(project);
    let cargo = ["exec", "--quiet", "--", "cargo", "run", "--quiet"];
    let said = in_project(units.world.cargo_nix().args(cargo));
    assert_eq!(said, "one\n");
    let told = in_project(units.world.cargo_nix().args(["stats", "--json", "--last", "1"]));
    let told: Value = serde_json::from_str(&told).unwrap();
    let units = told["builds"][0]["units"].as_array().unwrap();
    let of_demo = units.iter().filter(|unit| unit["package"] == "demo");
    of_demo
        // An earlier run of this test may have had it built.
        .map(|unit| match unit["outcome"].as_str().unwrap() {
            "built" | "found" => "new".to_owned(),
            other => other.to_owned(),
        })
        .collect()
}

/// Two of them in turn: each compiles for itself once, and then never again.
fn in_turn(name: &str, make: fn(&str) -> String) {
    let units = Units::new();
    let lib = "pub fn said() -> &'static str { env!(\"SAID\") }";
    let script = "fn main() { println!(\"cargo:rustc-env=SAID=one\"); }";
    let project = project(&units, name, lib, Some(script));
    for (comment, outcome) in [
        ("first", "new"),
        ("second", "new"),
        ("first", "hit"),
        ("second", "hit"),
    ] {
        set(&project, &make(comment));
        assert_eq!(outcomes(&units, &project), [outcome; 3], "{comment}");
    }
}

#[test]
fn another_compiler_compiles_anew() {
    in_turn("toolchain", compiler);
}

#[test]
fn another_std_compiles_anew() {
    in_turn("std", std);
}
