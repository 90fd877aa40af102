//! The project at hand: crate-env.nix, .envrc, pins.

use super::Check;
use crate::error::Result;
use crate::project::Project;
use crate::vars::Vars;
use rnix::ast::{Attr, HasEntry as _};
use std::path::Path;

/// The project, if there is one, and how it stands.
///
/// # Errors
/// There is none in the directory that was asked about.
pub(super) fn checks(start: Option<&Path>, vars: &Vars) -> Result<(Option<Project>, Vec<Check>)> {
    let project = match Project::find_below(start, vars.home.as_deref()) {
        Ok(project) => project,
        Err(error) if start.is_some() => return Err(error),
        Err(error) => {
            let text = error.to_string();
            let (found, way_out) = text
                .split_once("\n  ")
                .unwrap_or((&text, "`cargo nix init` writes one"));
            return Ok((None, vec![Check::absent("project", found, way_out)]));
        }
    };
    let layers: Vec<String> = project
        .layers
        .iter()
        .map(|layer| layer.display().to_string())
        .collect();
    let mut checks = vec![Check::ok("project", layers.join("\n"))];
    let envrc = project
        .layers
        .iter()
        .rev()
        .map(|layer| layer.join(".envrc"))
        .find(|file| file.is_file());
    checks.push(match envrc {
        Some(file)
            if crate::bounded::read(&file, crate::bounded::SMALL)
                .is_ok_and(|text| String::from_utf8_lossy(&text).contains("cargo-nix")) =>
        {
            Check::ok("envrc", file.display().to_string())
        }
        Some(file) => Check::absent(
            "envrc",
            format!("{} does not use cargo-nix", file.display()),
            "add the line `use cargo-nix` to it, then `direnv allow`",
        ),
        None => Check::absent(
            "envrc",
            "none",
            "`cargo nix init` writes one; then `direnv allow`",
        ),
    });
    checks.push(match &project.pins {
        Some(pins) if is_unlocked(pins) => Check::absent(
            "inputs",
            format!(
                "{} has inputs, but there is no flake.lock: the host set is used",
                pins.join("flake.nix").display()
            ),
            format!(
                "run `nix flake lock` in {}, and commit flake.lock",
                pins.display()
            ),
        ),
        Some(pins) => Check::ok("inputs", format!("pinned in {}", pins.display())),
        None => Check::ok("inputs", "not pinned: the host set is used"),
    });
    Ok((Some(project), checks))
}

/// Whether a flake's inputs are what should pin them, and are not locked: then
/// nothing of the flake is used.
fn is_unlocked(pins: &Path) -> bool {
    if pins.join("flake.lock").is_file() || pins.join("npins/default.nix").is_file() {
        return false;
    }
    let flake = crate::bounded::read(&pins.join("flake.nix"), crate::bounded::SMALL).unwrap_or_default();
    let parsed = rnix::Root::parse(&String::from_utf8_lossy(&flake)).tree();
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
