//! sh, bash (3.2 and later) and zsh: one text for all three.

use super::super::merge::{Changes, Value};
use super::{Language, Rendered, refused};
use std::os::unix::ffi::OsStrExt;

/// `prefix` stands before each command.
pub(super) struct Sh {
    pub prefix: &'static str,
}

/// For the hooks: deaf to functions and aliases.
pub(super) const HOOK: Sh = Sh { prefix: "\\builtin " };

/// `rendered`, but only if the hook's `__cargo_nix_check` finds no variable among
/// these that cannot be set; else what `cargo-nix` says knowing of those.
pub(super) fn checked(rendered: Rendered, changes: &Changes) -> Rendered {
    let before = format!("if __cargo_nix_check {}; then\n", names(changes).join(" "));
    let after = "else\n__cargo_nix_again\nfi\n";
    Rendered {
        text: [before.as_bytes(), &rendered.text, after.as_bytes()].concat(),
        ..rendered
    }
}

/// The variables among the changes that sh can have.
pub(crate) fn names(changes: &Changes) -> Vec<&str> {
    let names = changes.list.iter().map(|change| change.name.as_str());
    names.filter(|name| HOOK.refuses(name).is_none()).collect()
}

impl Language for Sh {
    fn refuses(&self, name: &str) -> Option<&'static str> {
        refused("sh", name)
    }

    fn change(&self, name: &str, value: Option<&Value>, out: &mut Rendered) {
        out.text.extend_from_slice(self.prefix.as_bytes());
        match value {
            Some(value) => {
                out.text.extend_from_slice(b"export ");
                out.text.extend_from_slice(name.as_bytes());
                out.text.push(b'=');
                quote(value.joined().as_bytes(), &mut out.text);
            }
            None => {
                out.text.extend_from_slice(b"unset ");
                out.text.extend_from_slice(name.as_bytes());
            }
        }
        // A semicolon too: `eval $(…)` without quotes joins the lines.
        out.text.extend_from_slice(b";\n");
    }
}

/// Appends `text` in single quotes, the one form in which no shell expands
/// anything; a single quote is closed, escaped and opened again.
pub(crate) fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in text {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            byte => out.push(*byte),
        }
    }
    out.push(b'\'');
}
