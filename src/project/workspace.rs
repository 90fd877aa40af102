//! The Cargo workspace of a directory, by Cargo's own rules: the nearest
//! Cargo.toml that has a `[workspace]` and does not exclude the package, or the
//! one that `package.workspace` names.

use crate::bounded;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The root of the workspace that `start` (absolute) lies in, if any.
///
/// # Errors
/// [`Error::Project`] if a Cargo.toml on the way is not TOML, or not a file.
pub(crate) fn root(start: &Path) -> Result<Option<PathBuf>> {
    let mut package: Option<PathBuf> = None;
    for directory in start.ancestors() {
        let manifest = directory.join("Cargo.toml");
        let bytes = bounded::read_if_any(&manifest, bounded::SMALL)?;
        let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            continue;
        };
        let table = parse(&manifest, &text)?;
        if let Some(workspace) = table.get("workspace").and_then(Value::as_table) {
            let package = package.as_deref().unwrap_or(start);
            if directory == package || !excludes(directory, workspace, package) {
                return Ok(Some(directory.to_path_buf()));
            }
        }
        if package.is_none() {
            let named = table
                .get("package")
                .and_then(|package| package.get("workspace"))
                .and_then(Value::as_str);
            if let Some(named) = named {
                return Ok(directory.join(named).canonicalize().ok());
            }
            package = Some(directory.to_path_buf());
        }
    }
    Ok(None)
}

fn excludes(root: &Path, workspace: &Table, package: &Path) -> bool {
    let lists = |key: &str| {
        workspace
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|entry| package.starts_with(root.join(entry)))
    };
    lists("exclude") && !lists("members")
}

/// A Cargo.toml's text as a table.
///
/// # Errors
/// [`Error::Project`] with the place.
pub(crate) fn parse(manifest: &Path, text: &str) -> Result<Table> {
    parse_as(manifest, text, "cargo cannot read it either; mend the line above")
}

/// The text of any TOML file as a table.
///
/// # Errors
/// [`Error::Project`] with the place, then the `way_out`.
pub(crate) fn parse_as(file: &Path, text: &str, way_out: &str) -> Result<Table> {
    text.parse::<Table>().map_err(|error| {
        let (line, column) = place(text, error.span().map_or(0, |span| span.start));
        let message = error.message().trim_end();
        let shown = crate::snippet::render(file, line, column).unwrap_or_default();
        Error::Project {
            message: format!("{} is not TOML: {message}\n{shown}\n  {way_out}", file.display()),
        }
    })
}

/// Line and column, from 1, of a byte offset.
fn place(text: &str, offset: usize) -> (u32, u32) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}
