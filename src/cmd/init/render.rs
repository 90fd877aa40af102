//! A crate-env.nix as text, formatted as `nixfmt` would leave it. Pure.

use crate::host::sys_crates::{Needs, System, Wanted};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The text of crate-env.nix for `needs`, with the toolchain of
/// `toolchain_file` if there is one.
pub(super) fn crate_env(needs: &Needs, toolchain_file: Option<&str>) -> String {
    let native = native(needs);
    let mut text = String::from(
        "# What this project needs besides its crates: the same for shells, editors, CI\n\
         # and for building every dependency. `cargo nix env` shows what comes of it.\n",
    );
    text.push_str("{\n");
    for argument in arguments(needs, &native) {
        let _ = writeln!(text, "  {argument},");
    }
    text.push_str("}:\n{\n");
    match toolchain_file {
        Some(name) => {
            let _ = writeln!(text, "  toolchain = rust.fromFile ./{name};\n");
        }
        None => text.push_str("  # rustc, cargo and the standard library.\n  toolchain = rust.default;\n\n"),
    }
    text.push_str(
        "  # On PATH in shells and editors only: adding one rebuilds nothing.\n  tools = [\n    rust.clippy\n    rust.rustfmt\n  ];\n",
    );
    if !native.is_empty() {
        let _ = write!(
            text,
            "\n  # Programs that builds run.\n  nativeBuildInputs = {};\n",
            list(&native)
        );
    }
    let lists: Vec<String> = needs
        .libraries
        .iter()
        .map(|(system, wanted)| match system {
            None => list(wanted),
            Some(System::Linux) => format!("lib.optionals stdenv.isLinux {}", list(wanted)),
            Some(System::Darwin) => format!("lib.optionals stdenv.isDarwin {}", list(wanted)),
        })
        .collect();
    if !lists.is_empty() {
        let _ = write!(text, "\n  # Libraries that crates link.\n  buildInputs =");
        match lists.as_slice() {
            [only] => {
                let _ = writeln!(text, " {only};");
            }
            [first, rest @ ..] => {
                let indented = |list: &str| list.replace('\n', "\n  ");
                let _ = write!(text, "\n    {}", indented(first));
                for list in rest {
                    let _ = write!(text, "\n    ++ {}", indented(list));
                }
                text.push_str(";\n");
            }
            [] => {}
        }
    }
    if !needs.bundled.is_empty() {
        text.push_str("\n  # These crates build a copy of their own, and may use the system's instead:\n");
        for (name, packages) in &needs.bundled {
            let _ = writeln!(text, "  #   {name}: {}", packages.join(", "));
        }
    }
    text.push_str("}\n");
    text
}

/// Libclang by itself finds no headers over nixpkgs: it comes with the hook that
/// tells bindgen where it and they are, which the host set has as well.
fn native(needs: &Needs) -> Wanted {
    let mut native = needs.native.clone();
    if let Some(crates) = native.remove("libclang") {
        native.insert("rustPlatform.bindgenHook".to_owned(), crates);
    }
    native
}

/// What the function takes, `rust` first, the rest sorted without regard to case.
fn arguments(needs: &Needs, native: &Wanted) -> Vec<String> {
    let packages = native
        .keys()
        .chain(needs.libraries.values().flat_map(|wanted| wanted.keys()));
    // Of `xorg.libX11`, `xorg` is what nixpkgs has at its top.
    let mut names: BTreeSet<&str> = packages
        .map(|name| name.split('.').next().unwrap_or(name))
        .collect();
    if needs.libraries.keys().any(Option::is_some) {
        names.extend(["lib", "stdenv"]);
    }
    let mut names: Vec<String> = names.into_iter().map(str::to_string).collect();
    names.sort_by_key(|name| name.to_lowercase());
    names.insert(0, "rust".to_string());
    names
}

/// A list of packages, each with the crates that want it.
fn list(wanted: &Wanted) -> String {
    let mut names: Vec<_> = wanted.iter().collect();
    names.sort_by_key(|(name, _)| name.to_lowercase());
    let mut text = String::from("[\n");
    for (name, crates) in names {
        let mut shown: Vec<&str> = crates.iter().map(String::as_str).take(4).collect();
        if crates.len() > shown.len() {
            shown.push("…");
        }
        let _ = writeln!(text, "    {name} # {}", shown.join(", "));
    }
    text.push_str("  ]");
    text
}
