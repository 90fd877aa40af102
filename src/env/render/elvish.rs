//! elvish. `set-env PATH` and the list `$paths` are two views of one thing, so
//! that lists need no form of their own.

use super::super::merge::Value;
use super::{Language, Rendered, is_special};
use std::os::unix::ffi::OsStrExt;

pub(super) struct Elvish;

impl Language for Elvish {
    fn refuses(&self, name: &str) -> Option<&'static str> {
        is_special("elvish", name).then_some("elvish keeps this name for itself")
    }

    fn change(&self, name: &str, value: Option<&Value>, out: &mut Rendered) {
        out.text.extend_from_slice(if value.is_some() {
            b"set-env "
        } else {
            b"unset-env "
        });
        quote(name.as_bytes(), &mut out.text);
        if let Some(value) = value {
            out.text.push(b' ');
            quote(value.joined().as_bytes(), &mut out.text);
        }
        out.text.push(b'\n');
    }
}

/// Single quotes where the text is UTF-8. Other bytes would be read as U+FFFD:
/// they are written as `\x` in double quotes.
pub(super) fn quote(text: &[u8], out: &mut Vec<u8>) {
    if let Ok(text) = std::str::from_utf8(text) {
        out.push(b'\'');
        out.extend_from_slice(text.replace('\'', "''").as_bytes());
        out.push(b'\'');
        return;
    }
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0x20..=0x7e => out.push(*byte),
            byte => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}
