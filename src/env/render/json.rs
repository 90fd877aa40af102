//! One JSON object: names to whole values, in the order of names, one a line.
//! A variable that is to be unset is `null`.

use super::super::merge::Value;
use super::{Language, Rendered};
use std::ffi::OsStr;

pub(super) struct Json;

impl Language for Json {
    fn refuses(&self, _name: &str) -> Option<&'static str> {
        None
    }

    fn change(&self, name: &str, value: Option<&Value>, out: &mut Rendered) {
        let value = value.map(|value| text_of(name, &value.entries().collect::<Vec<_>>(), out).join(":"));
        member(name, &value, out);
    }

    fn frame(&self) -> (&'static str, &'static str) {
        ("{", "\n}\n")
    }
}

/// Appends one member of the object; the first has no comma before it.
pub(super) fn member(name: &str, value: &impl serde::Serialize, out: &mut Rendered) {
    let comma = if out.text.ends_with(b"{") { "\n  " } else { ",\n  " };
    let name = serde_json::to_string(name).expect("a string is JSON");
    let value = serde_json::to_string(value).expect("strings and lists are JSON");
    out.text
        .extend_from_slice(format!("{comma}{name}: {value}").as_bytes());
}

/// The entries that are UTF-8. JSON has no others; only what was in the
/// variable before can be such, and it is left out with a warning.
pub(super) fn text_of<'a>(name: &str, entries: &[&'a OsStr], out: &mut Rendered) -> Vec<&'a str> {
    let mut texts = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry.to_str() {
            Some(text) => texts.push(text),
            None => out.warnings.push(format!(
                "an entry of {name} is left out, as it is not UTF-8: {}",
                entry.display()
            )),
        }
    }
    texts
}
