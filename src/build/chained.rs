//! The wrapper of rustc that the user had before: local units go through it.
//!
//! A variable says it, or cargo's configuration, which our own `RUSTC_WRAPPER`
//! overrides. Wrappers of ours are never found: they would call each other.

use super::journal;
use crate::cmd::WRAPPER;
use crate::vars::Vars;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The user's wrapper, if there is one; `asked_in` is the directory cargo runs in.
pub fn wrapper(vars: &Vars, asked_in: &Path) -> Option<PathBuf> {
    let is_theirs = |path: &PathBuf| !is_ours(path);
    let variables = [&vars.local_wrapper, &vars.cargo_build_rustc_wrapper];
    let said = variables.into_iter().flatten().find(|path| is_theirs(path));
    let said = said.cloned().or_else(|| {
        let above = asked_in.ancestors().map(|dir| dir.join(".cargo"));
        above.chain(vars.cargo_home()).find_map(|dir| configured(&dir))
    });
    // With an empty one, a user has switched off what is said further up.
    said.filter(|path| !path.as_os_str().is_empty() && is_theirs(path))
}

/// The compiler that cargo asks a wrapper of the workspace's members (clippy's) to
/// call, of the arguments that it gives that wrapper; cargo's own begin with an option.
pub fn wrapped(arguments: &[OsString]) -> Option<&OsStr> {
    let first = arguments.first()?;
    (!first.as_encoded_bytes().starts_with(b"-")).then_some(first)
}

/// Whether `path` is this program as a wrapper.
pub fn is_ours(path: &Path) -> bool {
    path.file_name() == Some(WRAPPER.as_ref())
}

/// The directory that cargo, our parent, runs in; where that cannot be told,
/// the one it runs us in, which is that of the package.
pub fn asked_in() -> PathBuf {
    std::fs::read_link(format!("/proc/{}/cwd", journal::cargo_process()))
        .or_else(|_| std::env::current_dir())
        .unwrap_or_default()
}

/// `build.rustc-wrapper` of the configuration in a `.cargo` directory, unless
/// it is ours.
fn configured(dir: &Path) -> Option<PathBuf> {
    // Cargo, too, prefers the name without an extension.
    let text = ["config", "config.toml"]
        .iter()
        .find_map(|name| std::fs::read_to_string(dir.join(name)).ok())?;
    if !text.contains("rustc-wrapper") {
        return None;
    }
    let table: toml::Table = text.parse().ok()?;
    let said = table.get("build")?.get("rustc-wrapper")?.as_str()?;
    let path = match said.contains('/') {
        // A path is relative to what holds the .cargo directory; a name is for PATH.
        true => dir.parent()?.join(said),
        false => said.into(),
    };
    (!is_ours(&path)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_configuration_counts_and_ours_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |at: &str, text: &str| {
            let path = dir.path().join(at);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let vars = Vars {
            cargo_home: Some(dir.path().join("home/.cargo")),
            ..Vars::default()
        };
        let inner = dir.path().join("w/inner");
        assert_eq!(wrapper(&vars, &inner), None);
        write(
            "home/.cargo/config.toml",
            "[build]\nrustc-wrapper = \"sccache\"\n",
        );
        assert_eq!(wrapper(&vars, &inner), Some("sccache".into()));
        write("w/.cargo/config.toml", "build.rustc-wrapper = \"tools/wrap\"\n");
        assert_eq!(wrapper(&vars, &inner), Some(dir.path().join("w/tools/wrap")));
        write(
            "w/inner/.cargo/config.toml",
            "[build]\nrustc-wrapper = \"/c/cargo-nix-rustc\"\n",
        );
        assert_eq!(wrapper(&vars, &inner), Some(dir.path().join("w/tools/wrap")));
        let vars = Vars {
            local_wrapper: Some("theirs".into()),
            ..vars
        };
        assert_eq!(wrapper(&vars, &inner), Some("theirs".into()));
    }
}
