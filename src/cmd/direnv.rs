//! `cargo-nix direnv`: what direnv needs for `use cargo-nix`.
//!
//! The extension is shell-hooks/direnv.sh, a part of this program. `install`
//! puts it where direnv looks, when it is asked to and never over a file of
//! somebody else's; `stdlib` prints it; `export` is what it calls.

mod caller;
mod export;
mod size;
mod text;
mod watches;

use super::output;
use crate::cli::{DirenvArgs, DirenvVerb};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::hook::outside;
use crate::sealed;
use crate::vars::Vars;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXTENSION: &str = include_str!("../../shell-hooks/direnv.sh");
/// Below direnv's configuration.
const INSTALLED: &str = "lib/cargo-nix.sh";
/// In every version of the extension: what says so is ours to replace.
const OURS: &str = "use_cargo-nix() {";

pub(super) fn run(args: &DirenvArgs) -> Result<ExitCode> {
    let vars = Vars::read();
    match &args.verb {
        DirenvVerb::Stdlib => output::print(EXTENSION)?,
        DirenvVerb::Install => install(&vars)?,
        DirenvVerb::Export(args) => export::run(args, &outside::read())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Why direnv cannot load this environment, as far as sizes go.
pub(super) fn excess(env: &Env, vars: &Vars) -> Option<String> {
    size::fit(&size::changes(env), vars.direnv_watches.as_deref(), &[]).1
}

/// Where `use cargo-nix` is defined for direnv, if it is; and whether by an
/// extension of ours that is not this program's.
pub(super) fn defined(configuration: &Path) -> Option<(PathBuf, bool)> {
    let installed = configuration.join(INSTALLED);
    let others = std::fs::read_dir(configuration.join("lib")).into_iter().flatten();
    let mut files: Vec<PathBuf> = others.flatten().map(|entry| entry.path()).collect();
    files.push(configuration.join("direnvrc"));
    files.sort();
    files.into_iter().find_map(|file| {
        let text = std::fs::read(&file).ok()?;
        let text = String::from_utf8_lossy(&text);
        let defines = ["use_cargo-nix", "use_cargo_nix"]
            .iter()
            .any(|name| text.contains(name));
        let outdated = file == installed && text.contains(OURS) && text != EXTENSION;
        defines.then_some((file, outdated))
    })
}

fn install(vars: &Vars) -> Result<()> {
    let path = vars.direnv_dir()?.join(INSTALLED);
    let there = path.symlink_metadata().is_ok();
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    if text == EXTENSION {
        return output::print(&format!("{} is as it should be\n", path.display()));
    }
    if there && (path.is_symlink() || !text.contains(OURS)) {
        return Err(Error::Machine {
            message: format!(
                "{} is there already, and is not a file of ours\n  move it away, or have \
                 `eval \"$(cargo-nix direnv stdlib)\"` in the .envrc before `use cargo-nix`",
                path.display()
            ),
        });
    }
    sealed::replace(&path, &[EXTENSION.as_bytes()])?;
    readable(&path)?;
    output::print(&format!(
        "{} written: `use cargo-nix` in an .envrc works from now on\n",
        path.display()
    ))
}

/// For whoever else reads this configuration.
fn readable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(path, mode).map_err(Error::io("writing", path))
}
