//! What a shell carries between two prompts, in one variable: which project's
//! environment it has, and how to leave it.
//!
//! The variable is the format's number, a hash and a postcard encoding, in
//! base64: no shell can damage it by quoting. Promise: what was not written by
//! this format, whole, is [`Damaged`]; there is never a half restore.

use crate::background::State;
use crate::env::diff::Undo;
use crate::project::Id;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;

/// The variable.
pub const CARRIED: &str = "__CARGO_NIX";

/// Bumped whenever [`Carried`] changes its shape.
const FORMAT: u8 = 1;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// [`crate::project::Project::id`]; `None` if the project cannot be told.
    pub project: Option<Id>,
    /// The key of the environment that is applied, if one is.
    pub key: Option<String>,
    /// What `$CARGO_NIX_STATUS` says, if anything.
    pub status: Option<State>,
    /// Stands for what the user was told last and need not hear again.
    pub told: Option<[u8; 8]>,
    /// How to leave.
    pub undo: Undo,
}

/// The variable is there, and not whole or of another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl Carried {
    /// As the variable holds it.
    pub fn encode(&self) -> String {
        let payload = postcard::to_allocvec(self).expect("plain data");
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&blake3::hash(&payload).as_bytes()[..8]);
        bytes.extend_from_slice(&payload);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What the variable holds; an empty one holds nothing.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn decode(variable: Option<&OsStr>) -> Result<Option<Carried>, Damaged> {
        let Some(text) = variable.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let whole = || {
            let bytes = URL_SAFE_NO_PAD.decode(text.as_encoded_bytes()).ok()?;
            let (head, payload) = bytes.split_at_checked(9)?;
            if head[0] != FORMAT || blake3::hash(payload).as_bytes()[..8] != head[1..] {
                return None;
            }
            postcard::from_bytes(payload).ok()
        };
        whole().map(Some).ok_or(Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_is_damaged() {
        let carried = Carried {
            key: Some("a key".to_owned()),
            status: Some(State::Stale),
            ..Carried::default()
        };
        let text = carried.encode();
        assert_eq!(Carried::decode(Some(OsStr::new(&text))), Ok(Some(carried)));
        assert_eq!(Carried::decode(None), Ok(None));
        assert_eq!(Carried::decode(Some(OsStr::new(""))), Ok(None));
        for end in 1..text.len() {
            assert_eq!(
                Carried::decode(Some(OsStr::new(&text[..end]))),
                Err(Damaged),
                "cut at {end}"
            );
        }
        for at in 0..text.len() {
            let mut noise = text.clone().into_bytes();
            noise[at] = if noise[at] == b'A' { b'B' } else { b'A' };
            let noise = String::from_utf8(noise).expect("ASCII");
            let decoded = Carried::decode(Some(OsStr::new(&noise)));
            assert!(decoded == Err(Damaged), "noise at {at}");
        }
    }
}
