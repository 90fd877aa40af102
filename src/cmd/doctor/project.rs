//! The project at hand: crate-env.nix, .envrc.

use super::{Check, pins};
use crate::error::Result;
use crate::project::Project;
use crate::vars::Vars;
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
    checks.push(pins::check(project.pins.as_deref()));
    Ok((Some(project), checks))
}
