//! Files that are not Nix, read by the evaluation: an error of its parsers would
//! tell neither the file nor the way out, so a fault of their syntax is found
//! here. What stands in them is judged where it is used.

use super::Layout;
use crate::bounded;
use crate::error::{Error, Result};
use crate::project::{CRATE_ENV, Project, workspace};
use crate::snippet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Checks the layers' crate-env.nix, the lock files and rust-toolchain.toml.
///
/// # Errors
/// [`Error::Project`] with the place.
pub(super) fn check(project: &Project, layout: &Layout) -> Result<()> {
    for layer in &project.layers {
        crate_env(&layer.join(CRATE_ENV))?;
    }
    let below = |directory: &Option<String>| directory.as_ref().map(|directory| project.root.join(directory));
    if let Some(directory) = below(&layout.pins) {
        json(
            &directory.join("flake.lock"),
            "write it anew with `nix flake lock`",
        )?;
        json(
            &directory.join("npins/sources.json"),
            "take it from the repository's history; `npins` writes it",
        )?;
    }
    if let Some(directory) = below(&layout.rust_toolchain)
        && !directory.join("rust-toolchain").exists()
    {
        toml(&directory.join("rust-toolchain.toml"))?;
    }
    Ok(())
}

/// Something of that name is there; it must lead to a file.
fn crate_env(path: &Path) -> Result<()> {
    let fault = |what: String, way_out: &str| {
        Err(Error::Project {
            message: format!("{} {what}\n  {way_out}", path.display()),
        })
    };
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => fault(
            "is a directory".to_owned(),
            "it must be a file; remove the directory, and `cargo nix init` writes one",
        ),
        Ok(_) => Ok(()),
        Err(error) => {
            let target = fs::read_link(path).unwrap_or_else(|_| PathBuf::from("?"));
            let reason = if error.kind() == ErrorKind::NotFound {
                "which is not there".to_owned()
            } else {
                format!("which cannot be followed: {error}")
            };
            fault(
                format!("is a link to {}, {reason}", target.display()),
                "mend the link, or put a file in its place",
            )
        }
    }
}

fn json(path: &Path, way_out: &str) -> Result<()> {
    let Some(bytes) = bounded::read_if_any(path, bounded::SMALL)? else {
        return Ok(());
    };
    let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) else {
        return Ok(());
    };
    // Before the first character of a line, it says column 0.
    let number = |number: usize| u32::try_from(number.max(1)).unwrap_or(u32::MAX);
    let shown = snippet::render(path, number(error.line()), number(error.column())).unwrap_or_default();
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    Err(Error::Project {
        message: format!("{} is not JSON: {reason}\n{shown}\n  {way_out}", path.display()),
    })
}

fn toml(path: &Path) -> Result<()> {
    let bytes = bounded::read_if_any(path, bounded::SMALL)?;
    let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Ok(());
    };
    workspace::parse_as(path, &text, "rustup cannot read it either; mend the line above").map(drop)
}
