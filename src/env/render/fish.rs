//! fish. Path variables (PATH and whatever ends in PATH) are lists there; fish
//! splits and joins them at colons by itself, PATH is written entry by entry.

use super::super::merge::Value;
use super::{Language, Rendered, refused};
use std::os::unix::ffi::OsStrExt;

/// `prefix` stands before each command.
pub(super) struct Fish {
    pub prefix: &'static str,
    /// What leaving restores may have come from a universal variable.
    pub hook: bool,
}

/// Where a universal variable has this very value, the global one before it goes;
/// else one is set by the command that follows.
fn universal(name: &str, value: Option<&Value>, out: &mut Rendered) {
    let Some(value) = value else { return };
    let words = format!(
        "builtin set -qU {name}; and builtin set -eg {name}; builtin set -qUx {name}; and builtin test \"${name}\" = "
    );
    out.text.extend_from_slice(words.as_bytes());
    quote(value.joined().as_bytes(), &mut out.text);
    out.text.extend_from_slice(b"; or ");
}

impl Language for Fish {
    fn refuses(&self, name: &str) -> Option<&'static str> {
        refused("fish", name)
    }

    fn change(&self, name: &str, value: Option<&Value>, out: &mut Rendered) {
        if self.hook && value.is_some() && name != "PATH" {
            universal(name, value, out);
        }
        out.text.extend_from_slice(self.prefix.as_bytes());
        match value {
            Some(value) => {
                out.text.extend_from_slice(b"set -gx ");
                out.text.extend_from_slice(name.as_bytes());
                if name == "PATH" {
                    for entry in value.entries() {
                        out.text.push(b' ');
                        quote(entry.as_bytes(), &mut out.text);
                    }
                } else {
                    out.text.push(b' ');
                    quote(value.joined().as_bytes(), &mut out.text);
                }
            }
            None => {
                // Never a universal one.
                let scope = if self.hook { "set -eg " } else { "set -e " };
                out.text.extend_from_slice(scope.as_bytes());
                out.text.extend_from_slice(name.as_bytes());
            }
        }
        out.text.extend_from_slice(b";\n");
    }
}

/// Single quotes; inside them fish knows `\\` and `\'` only.
pub(super) fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in text {
        if matches!(byte, b'\'' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'\'');
}
