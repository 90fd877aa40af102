//! dotenv files. There is no standard; the dialect here is the one that a
//! POSIX shell (`set -a; . ./.env`), `dotenvy`, and direnv's `dotenv` agree on:
//! values in single quotes, newlines as they are, a single quote as `'\''`, a
//! backslash as `'\\'` (dotenvy takes one before the closing quote for an
//! escape). Values without either are read the same by Docker Compose and by the
//! libraries for Node, Ruby and Python.

use super::super::merge::Value;
use super::{Language, Rendered, refused};
use std::os::unix::ffi::OsStrExt;

pub(super) struct Dotenv;

fn quote(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in value {
        match byte {
            b'\'' | b'\\' => out.extend_from_slice(&[b'\'', b'\\', *byte, b'\'']),
            _ => out.push(*byte),
        }
    }
    out.push(b'\'');
}

impl Language for Dotenv {
    fn refuses(&self, name: &str) -> Option<&'static str> {
        refused("sh", name)
    }

    fn change(&self, name: &str, value: Option<&Value>, out: &mut Rendered) {
        // Nothing in a dotenv file unsets a variable.
        let Some(value) = value else { return };
        out.text.extend_from_slice(name.as_bytes());
        out.text.push(b'=');
        quote(value.joined().as_bytes(), &mut out.text);
        out.text.push(b'\n');
    }
}
