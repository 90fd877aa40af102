//! What the name of a store path tells.

use crate::env::dump::HostPart;
use serde::Serialize;

/// A store path, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreName<'a> {
    /// Store directory, hash and dash: what comes before the name.
    pub prefix: &'a str,
    /// The name: `openssl-3.5.1-dev`.
    pub name: &'a str,
    /// The name up to its version: `openssl`.
    pub package: &'a str,
}

/// Characters of the hash in a store path.
const HASH: usize = 32;

impl<'a> StoreName<'a> {
    /// Takes `path` apart; what is not a store path is all name.
    pub fn of(path: &'a str) -> StoreName<'a> {
        let base = path.rfind('/').map_or(0, |slash| slash + 1);
        let hashed = path
            .as_bytes()
            .get(base..base + HASH + 1)
            .is_some_and(|start| start[..HASH].iter().all(u8::is_ascii_alphanumeric) && start[HASH] == b'-');
        let (prefix, name) = path.split_at(if hashed { base + HASH + 1 } else { base });
        StoreName {
            prefix,
            name,
            package: package(name),
        }
    }
}

/// Nix's rule: the version begins after the first dash that no letter follows.
fn package(name: &str) -> &str {
    let bytes = name.as_bytes();
    let dash = (1..bytes.len())
        .find(|&i| bytes[i] == b'-' && bytes.get(i + 1).is_some_and(|next| !next.is_ascii_alphabetic()));
    dash.map_or(name, |dash| &name[..dash])
}

/// What a path is there for, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The environment itself.
    Environment,
    /// The Rust toolchain and its tools.
    Rust,
    /// The C toolchain and its runtime.
    C,
    /// A small derivation that stands for something of the machine.
    Host,
    /// Everything else: libraries, programs.
    Other,
}

impl Kind {
    /// All of them, in the order of a legend.
    pub const ALL: [Kind; 5] = [Kind::Environment, Kind::Rust, Kind::C, Kind::Host, Kind::Other];

    /// In words, for a legend.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Environment => "environment",
            Kind::Rust => "Rust toolchain",
            Kind::C => "C toolchain",
            Kind::Host => "stands for the machine",
            Kind::Other => "libraries and programs",
        }
    }

    /// As JSON and the report's classes say it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Environment => "environment",
            Kind::Rust => "rust",
            Kind::C => "c",
            Kind::Host => "host",
            Kind::Other => "other",
        }
    }

    /// The kind of a path that is not the environment, from its name.
    pub(super) fn of(name: StoreName<'_>, host: &[HostPart]) -> Kind {
        const RUST: [&str; 10] = [
            "rust",
            "rustc",
            "cargo",
            "clippy",
            "rustfmt",
            "rust-std",
            "rust-src",
            "rust-analyzer",
            "rust-docs",
            "llvm-tools",
        ];
        const C: [&str; 13] = [
            "gcc",
            "glibc",
            "binutils",
            "clang",
            "llvm",
            "cctools",
            "libgcc",
            "musl",
            "libc",
            "cc",
            "xgcc",
            "compiler-rt",
            "linux-headers",
        ];
        // Families: `rustc-nightly`, `gcc-wrapper`, `rust-std-x86_64-unknown-linux-gnu`.
        let is = |family: &[&str]| {
            family.iter().any(|word| {
                name.package
                    .strip_prefix(word)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
        };
        // The host set's derivations are called so: `openssl-3.0.17-host`.
        let stands_for = |part: &HostPart| {
            let rest = name
                .name
                .strip_prefix(&part.name)
                .and_then(|rest| rest.strip_prefix('-'));
            rest.and_then(|rest| rest.strip_prefix(&part.version)) == Some("-host")
        };
        if host.iter().any(stands_for) {
            Kind::Host
        } else if is(&RUST) {
            Kind::Rust
        } else if is(&C) {
            Kind::C
        } else {
            Kind::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_path_is_taken_apart() {
        let path = "/nix/store/0c5b8vw40dy178xlpddw65q9gf1h2186-openssl-3.5.1-dev";
        let name = StoreName::of(path);
        assert_eq!((name.name, name.package), ("openssl-3.5.1-dev", "openssl"));
        assert_eq!(name.prefix, "/nix/store/0c5b8vw40dy178xlpddw65q9gf1h2186-");
        assert_eq!(StoreName::of("plain").name, "plain");
        assert_eq!(StoreName::of("/a/ünï").name, "ünï");
        assert_eq!(StoreName::of("").name, "");
    }

    #[test]
    fn kinds_follow_from_names() {
        let host = [HostPart {
            name: "openssl".into(),
            version: "3.0.17".into(),
            paths: vec![],
        }];
        let kind = |name| Kind::of(StoreName::of(name), &host);
        assert_eq!(kind("rust-std-x86_64-unknown-linux-gnu-1.95.0"), Kind::Rust);
        assert_eq!(kind("cargo-1.95.0"), Kind::Rust);
        assert_eq!(kind("gcc-wrapper-14.3.0"), Kind::C);
        assert_eq!(kind("glibc-2.40-66"), Kind::C);
        assert_eq!(kind("openssl-3.0.17-host"), Kind::Host);
        assert_eq!(kind("openssl-3.0.17"), Kind::Other);
        assert_eq!(kind("openssl-3.5.1"), Kind::Other);
        assert_eq!(kind("cargonaut-1.0"), Kind::Other);
    }
}
