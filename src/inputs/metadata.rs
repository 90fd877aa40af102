//! The `metadata.cargo-nix` tables of the layers' Cargo.toml, which enter the
//! input set in the place of the whole file: as `.cargo-nix/metadata.json`,
//!
//! ```json
//! { "<layer, relative to the root>": { "package": {…}, "workspace": {…} } }
//! ```
//!
//! with only what is there. Nothing in any layer: no such file.

use crate::error::Result;
use crate::project::workspace;
use serde_json::{Map, Value as Json};
use std::path::Path;
use toml::Value;

/// The tables of one Cargo.toml; `None` if it has none. The text is parsed only
/// if it holds our name at all.
///
/// # Errors
/// [`crate::error::Error::Project`] if it is not TOML.
pub(super) fn tables(manifest: &Path, bytes: &[u8]) -> Result<Option<Json>> {
    const NAME: &str = "cargo-nix";
    if !bytes.windows(NAME.len()).any(|window| window == NAME.as_bytes()) {
        return Ok(None);
    }
    let table = workspace::parse(manifest, &String::from_utf8_lossy(bytes))?;
    let mut found = Map::new();
    for section in ["package", "workspace"] {
        let ours = table
            .get(section)
            .and_then(|s| s.get("metadata"))
            .and_then(|m| m.get(NAME));
        if let Some(ours) = ours {
            found.insert(section.to_owned(), json(ours));
        }
    }
    Ok((!found.is_empty()).then_some(Json::Object(found)))
}

fn json(value: &Value) -> Json {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::Datetime(time) => time.to_string().into(),
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Table(table) => Json::Object(
            table
                .iter()
                .map(|(key, value)| (key.clone(), json(value)))
                .collect(),
        ),
    }
}
