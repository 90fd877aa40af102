//! Store-backed or local: a package is store-backed if cargo treats its source
//! as immutable, which is to say if it comes from a registry, a git repository,
//! a vendored directory, or the store.

use super::Local;
use std::path::{Component, Path, PathBuf};

/// Where a store-backed package comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The tree that enters the store: a registry crate's or a vendored
    /// package's own directory, a git package's whole checkout (packages of one
    /// repository read each other's files).
    pub root: PathBuf,
    /// The name part of its store path, e.g. `itoa-1.0.11`.
    pub name: String,
}

/// Why the units of a workspace are local.
pub const MEMBER: &str = "it is a member of the workspace or a path dependency";

/// What cargo puts beside each vendored package's Cargo.toml.
pub const VENDORED: &str = ".cargo-checksum.json";

/// The origin of the package in `manifest_dir`.
///
/// # Errors
/// It is a member of the workspace or a path dependency.
pub fn of(
    manifest_dir: &Path,
    cargo_home: &Path,
    store_dir: &Path,
    exists: impl Fn(&Path) -> bool,
) -> Result<Origin, Local> {
    let below = |base: PathBuf, depth: usize| {
        let rest = manifest_dir.strip_prefix(&base).ok()?;
        let parts: Vec<_> = rest.components().take(depth).collect();
        let plain = parts.len() == depth && parts.iter().all(|part| matches!(part, Component::Normal(_)));
        plain.then(|| parts.iter().fold(base, |path, part| path.join(part)))
    };
    let root = below(store_dir.to_path_buf(), 1)
        .or_else(|| below(cargo_home.join("registry/src"), 2))
        .or_else(|| below(cargo_home.join("git/checkouts"), 2))
        .or_else(|| exists(&manifest_dir.join(VENDORED)).then(|| manifest_dir.to_path_buf()))
        .ok_or_else(|| Local::because(MEMBER))?;
    let name = if root.starts_with(cargo_home.join("git/checkouts")) {
        // <repository>-<hash>/<revision>
        let word = |path: Option<&Path>| {
            path.and_then(Path::file_name)
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        format!("{}-{}", word(root.parent()), word(Some(&root)))
    } else {
        root.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    Ok(Origin {
        name: store_name(&name),
        root,
    })
}

/// `name` as Nix allows it in a store path.
pub fn store_name(name: &str) -> String {
    let allowed = |c: char| {
        if c.is_ascii_alphanumeric() || "+-._?=".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().map(allowed).take(150).collect();
    match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if name.is_empty() => "source".into(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(dir: &str) -> Result<Origin, Local> {
        let vendored = |path: &Path| path == Path::new("/w/vendor/itoa/.cargo-checksum.json");
        of(
            Path::new(dir),
            Path::new("/home/u/.cargo"),
            Path::new("/nix/store"),
            vendored,
        )
    }

    #[test]
    fn every_source_has_its_tree() {
        for (dir, root, name) in [
            (
                "/home/u/.cargo/registry/src/idx-1/itoa-1.0.11",
                "/home/u/.cargo/registry/src/idx-1/itoa-1.0.11",
                "itoa-1.0.11",
            ),
            (
                "/home/u/.cargo/git/checkouts/repo-0a/1f2e3d/crates/x",
                "/home/u/.cargo/git/checkouts/repo-0a/1f2e3d",
                "repo-0a-1f2e3d",
            ),
            ("/w/vendor/itoa", "/w/vendor/itoa", "itoa"),
            (
                "/nix/store/abc-thing-1.0/sub",
                "/nix/store/abc-thing-1.0",
                "abc-thing-1.0",
            ),
        ] {
            assert_eq!(
                origin(dir).unwrap(),
                Origin {
                    root: root.into(),
                    name: name.into()
                },
                "{dir}"
            );
        }
    }

    #[test]
    fn members_are_local() {
        for dir in [
            "/w",
            "/w/vendor",
            "/home/u/.cargo",
            "/home/u/.cargo/registry/src/idx-1",
            "/home/u/.cargo/registry/src/../../x/y",
        ] {
            assert!(origin(dir).is_err(), "{dir}");
        }
    }

    #[test]
    fn names_fit_the_store() {
        assert_eq!(store_name("a b/ü"), "a_b__");
        assert_eq!(store_name(".hidden"), "_hidden");
        assert_eq!(store_name(""), "source");
        assert_eq!(store_name(&"x".repeat(300)).len(), 150);
    }
}
