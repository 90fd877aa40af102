//! What pins the project's inputs, as far as that can be told without evaluating
//! it; nix/sources.nix decides.

use super::Check;
use crate::bounded;
use crate::inputs::lock;
use rnix::ast::{Attr, HasEntry as _};
use std::path::Path;

const NAME: &str = "inputs";
const HOST: &str = "the host set is used";

pub(super) fn check(pins: Option<&Path>) -> Check {
    let Some(pins) = pins else {
        return Check::ok(NAME, format!("not pinned: {HOST}"));
    };
    let read = |file: &str| bounded::read(&pins.join(file), bounded::SMALL).unwrap_or_default();
    let (flake, locked) = (read("flake.nix"), read("flake.lock"));
    let shown = |file: &str| pins.join(file).display().to_string();
    // The words in which nix/sources/flake.nix asks.
    let speaks_of_us = String::from_utf8_lossy(&flake).contains("cargoNix");
    let unlocked = locked.is_empty() && has_inputs(&flake);
    let has_npins = pins.join("npins/default.nix").is_file();
    if unlocked && (speaks_of_us || !has_npins) {
        let way_out = format!(
            "run `nix flake lock` in {}, and commit flake.lock",
            pins.display()
        );
        let found = format!("{} has inputs, but there is no flake.lock", shown("flake.nix"));
        return if speaks_of_us {
            Check::missing(NAME, found, way_out)
        } else {
            Check::absent(NAME, format!("{found}: {HOST}"), way_out)
        };
    }
    if speaks_of_us || has_npins && has_pin(&read("npins/sources.json"), "nixpkgs") {
        return Check::ok(NAME, format!("pinned in {}", pins.display()));
    }
    if let Some(names) = lock::without_nixpkgs(&locked).filter(|_| !has_npins) {
        return Check::absent(
            NAME,
            format!(
                "none of the inputs in {} ({}) is nixpkgs: {HOST}",
                shown("flake.lock"),
                names.join(", ")
            ),
            "call that one `nixpkgs` in flake.nix, and run `nix flake lock`",
        );
    }
    if !locked.is_empty() {
        return Check::ok(NAME, format!("pinned in {}", pins.display()));
    }
    if pins.join("npins").is_dir() && !has_npins {
        return Check::absent(
            NAME,
            format!("{} has no default.nix: {HOST}", shown("npins")),
            "`npins upgrade` writes it; commit it beside sources.json",
        );
    }
    if has_npins {
        return Check::absent(
            NAME,
            format!("{} has no pin `nixpkgs`: {HOST}", shown("npins/sources.json")),
            "add it: `npins add --name nixpkgs channel nixos-unstable`",
        );
    }
    Check::ok(
        NAME,
        format!("not pinned: {} has no inputs, and {HOST}", shown("flake.nix")),
    )
}

fn has_pin(sources: &[u8], name: &str) -> bool {
    let sources: serde_json::Value = serde_json::from_slice(sources).unwrap_or_default();
    sources["pins"].get(name).is_some()
}

/// Whether a flake.nix declares inputs.
fn has_inputs(flake: &[u8]) -> bool {
    let parsed = rnix::Root::parse(&String::from_utf8_lossy(flake)).tree();
    let Some(rnix::ast::Expr::AttrSet(set)) = parsed.expr() else {
        return false;
    };
    let paths = set.attrpath_values().filter_map(|entry| entry.attrpath());
    let mut first = paths.filter_map(|path| path.attrs().next());
    first.any(|name| match name {
        Attr::Ident(name) => name.ident_token().is_some_and(|token| token.text() == "inputs"),
        _ => false,
    })
}
