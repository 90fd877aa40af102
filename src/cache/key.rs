//! The name of a slot: a hash over everything that its environment depends on.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The digits of a name: 128 bits, since it is part of paths that are in variables.
const DIGITS: usize = 32;

/// The name of a slot: a blake3 hash over all that an environment depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// What goes into a [`Key`].
#[derive(Clone, Debug)]
pub struct KeyParts<'a> {
    /// The input set.
    pub inputs: &'a blake3::Hash,
    /// The host set's description; `None`: whatever that is ([`super::Cache::pinned`]).
    pub host: Option<&'a blake3::Hash>,
    /// cargo-nix's own Nix library.
    pub library: &'a blake3::Hash,
    /// Nix's name of the machine.
    pub system: &'a str,
    /// The store directory: its paths stand in the environment.
    pub store: &'a OsStr,
    /// Which store that is, where it is not this machine's own: `NIX_REMOTE`.
    pub remote: &'a OsStr,
    /// Whether the evaluation may read more than the input set.
    pub impure: bool,
    /// `EnvArguments::crates`.
    pub crates: &'a [String],
}

impl Key {
    /// The key of these parts.
    pub fn of(parts: &KeyParts<'_>) -> Key {
        let mut hasher = blake3::Hasher::new_derive_key("cargo-nix environment key 3");
        for hash in [parts.inputs, parts.library] {
            hasher.update(hash.as_bytes());
        }
        hasher.update(&[u8::from(parts.host.is_some())]);
        hasher.update(parts.host.map_or(&[0; 32], |hash| hash.as_bytes()));
        for text in [
            parts.system.as_bytes(),
            parts.store.as_bytes(),
            parts.remote.as_bytes(),
        ] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        hasher.update(&[u8::from(parts.impure)]);
        for name in parts.crates {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        Key(hasher.finalize().to_hex()[..DIGITS].to_owned())
    }

    /// Its 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of this name, if it is one.
    pub fn parse(name: &str) -> Option<Key> {
        let digits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        (name.len() == DIGITS && name.chars().all(digits)).then(|| Key(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_changes_the_key_alone() {
        let (one, other) = (blake3::hash(b"1"), blake3::hash(b"2"));
        let crates = ["openssl-sys".to_owned()];
        let parts = KeyParts {
            inputs: &one,
            host: Some(&one),
            library: &one,
            crates: &[],
            system: "x86_64-linux",
            store: OsStr::new("/nix/store"),
            remote: OsStr::new(""),
            impure: false,
        };
        let all = [
            parts.clone(),
            KeyParts {
                inputs: &other,
                ..parts
            },
            KeyParts {
                host: Some(&other),
                ..parts
            },
            KeyParts { host: None, ..parts },
            KeyParts {
                library: &other,
                ..parts
            },
            KeyParts {
                system: "aarch64-linux",
                ..parts
            },
            KeyParts {
                store: OsStr::new("/gnu/store"),
                ..parts
            },
            KeyParts {
                remote: OsStr::new("local?root=/mnt"),
                ..parts
            },
            KeyParts {
                impure: true,
                ..parts
            },
            KeyParts {
                crates: &crates,
                ..parts
            },
            // What leaves one field is not what enters the next.
            KeyParts {
                system: "x86_64-linux/nix",
                store: OsStr::new("/store"),
                ..parts
            },
        ];
        let keys: std::collections::BTreeSet<Key> = all.iter().map(Key::of).collect();
        assert_eq!(keys.len(), all.len());
        assert!(keys.contains(&Key::of(&parts)));
    }
}
