//! nushell: a record for `load-env`, as JSON. PATH is a list there.

use super::super::merge::Value;
use super::json::{member, text_of};
use super::{Language, Rendered, is_special};

pub(super) struct Nu;

/// A text between double quotes, in which nothing stands for anything else.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    out.extend_from_slice(format!("\"{text}\"").as_bytes());
}

impl Language for Nu {
    fn refuses(&self, name: &str) -> Option<&'static str> {
        is_special("nu", name).then_some("nushell keeps this name for itself")
    }

    fn change(&self, name: &str, value: Option<&Value>, out: &mut Rendered) {
        let texts = value.map(|value| text_of(name, &value.entries().collect::<Vec<_>>(), out));
        match texts {
            Some(list) if name == "PATH" => member(name, &list, out),
            texts => member(name, &texts.map(|list| list.join(":")), out),
        }
    }

    fn frame(&self) -> (&'static str, &'static str) {
        ("{", "\n}\n")
    }
}
