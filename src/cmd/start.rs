//! Common to the verbs that give an environment away: where it comes from, and
//! how a program is started in it.

use crate::cli::ObtainArgs;
use crate::env::merge::{Change, Changes};
use crate::env::{self, Env, limits::Limits};
use crate::error::{Error, Result};
use crate::vars::Vars;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment that was asked for, and the directory it belongs to.
pub(super) struct Chosen {
    pub env: Env,
    pub directory: PathBuf,
}

/// The environment of the project at hand, or of a dump (which belongs to the
/// current directory).
pub(super) fn environment(args: &ObtainArgs, vars: &Vars) -> Result<Chosen> {
    let Some(file) = &args.dump else {
        let obtained = env::obtain(args, vars)?;
        return Ok(Chosen {
            directory: obtained.project.directory().to_path_buf(),
            env: obtained.env,
        });
    };
    let text = std::fs::read(file).map_err(Error::io("reading", file))?;
    let env = serde_json::from_slice(&text).map_err(|error| Error::Project {
        message: format!(
            "{} is not the dump of an environment: {error}\n  the store path of an environment is one",
            file.display()
        ),
    })?;
    let directory = std::env::current_dir().map_err(Error::io("reading", "."))?;
    Ok(Chosen { env, directory })
}

/// Says what was left out, on standard error.
pub(super) fn warn(warnings: &[String]) {
    for warning in warnings {
        crate::say!("warning: {warning}");
    }
}

/// All variables of a program.
pub(super) type Variables = BTreeMap<OsString, OsString>;

/// Takes out what rustup's proxy sets when it starts cargo, and cargo when it
/// starts us (`cargo nix exec`): they speak of rustup's toolchain, and its
/// LD_LIBRARY_PATH would give the environment's rustc a driver that is not its own.
fn forget_proxy(all: &mut Variables) {
    if all.remove(OsStr::new("RUST_RECURSION_COUNT")).is_none() {
        return;
    }
    all.remove(OsStr::new("CARGO"));
    all.remove(OsStr::new("RUSTUP_TOOLCHAIN_SOURCE"));
    let Some(toolchain) = all.remove(OsStr::new("RUSTUP_TOOLCHAIN")) else {
        return;
    };
    let lib = Path::new("toolchains").join(toolchain).join("lib");
    let name = OsStr::new("LD_LIBRARY_PATH");
    let Some(path) = all.remove(name) else { return };
    let kept: Vec<PathBuf> = std::env::split_paths(&path)
        .filter(|entry| !entry.ends_with(&lib))
        .collect();
    if let (false, Ok(path)) = (kept.is_empty(), std::env::join_paths(kept)) {
        all.insert(name.to_owned(), path);
    }
}

/// The variables of this process with the changes applied.
pub(super) fn variables(changes: &Changes) -> Variables {
    let mut all: Variables = std::env::vars_os().collect();
    forget_proxy(&mut all);
    for Change { name, value } in &changes.list {
        match value {
            Some(value) => all.insert(name.into(), value.joined()),
            None => all.remove(OsStr::new(name)),
        };
    }
    all
}

/// Replaces this process by `argv` (not empty) with exactly `variables`; the
/// program is looked up in their PATH. Returns only if that fails.
pub(super) fn replace(argv: &[OsString], variables: &Variables) -> Error {
    if let Some(message) = excess(argv, variables) {
        return Error::Command { message, code: 126 };
    }
    let error = Command::new(&argv[0])
        .args(&argv[1..])
        .env_clear()
        .envs(variables)
        .exec();
    not_started(&argv[0], variables, &error)
}

/// Why `argv` cannot be started with `variables`, as far as sizes go.
pub(super) fn excess(argv: &[OsString], variables: &Variables) -> Option<String> {
    let pairs = variables
        .iter()
        .map(|(name, value)| (name.as_os_str(), value.as_os_str()));
    Limits::of_this_machine().excess(argv, pairs)
}

/// As shells do: 127 for what is not there, 126 for what cannot be run.
fn not_started(program: &OsStr, variables: &Variables, error: &std::io::Error) -> Error {
    let name = program.display();
    let (code, message) = match (error.kind(), find(program, variables)) {
        (ErrorKind::NotFound, None) if has_slash(program) => (127, format!("{name}: no such file")),
        (ErrorKind::NotFound, None) => (
            127,
            format!(
                "{name}: command not found\n  it is neither in the project's environment nor on your PATH; \
                 add what provides it to `tools` in crate-env.nix"
            ),
        ),
        (ErrorKind::NotFound, Some(path)) => (
            126,
            format!(
                "{}: its interpreter is not there\n  look at its first line (`#!…`), or at `readelf -l` of it",
                path.display()
            ),
        ),
        _ => (126, format!("{name}: {error}\n  it was found, and cannot be run")),
    };
    Error::Command { message, code }
}

fn has_slash(program: &OsStr) -> bool {
    program.as_encoded_bytes().contains(&b'/')
}

/// Where the file is that `program` names.
pub(super) fn find(program: &OsStr, variables: &Variables) -> Option<PathBuf> {
    if has_slash(program) {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let path = variables.get(OsStr::new("PATH"))?;
    std::env::split_paths(path)
        .map(|dir| dir.join(program))
        .find(|path| Path::is_file(path))
}

/// The programs of this name on PATH, in its order. Only what is absolute counts, as
/// the rest is another place in each directory, which may be a stranger's.
pub(super) fn programs(name: &Path, path: &OsStr) -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(move |directory| directory.join(name))
        .filter(|path| is_program(path))
}

/// Whether it is a file that can be executed.
pub(super) fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rustup's proxy leads programs to its own libraries; those of the user stay.
    #[test]
    fn nothing_of_the_proxy_comes_in() {
        let variables = |list: &[(&str, &str)]| -> Variables {
            list.iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect()
        };
        let mut all = variables(&[
            ("CARGO", "/r/toolchains/stable/bin/cargo"),
            ("LD_LIBRARY_PATH", "/r/toolchains/stable/lib:/mine"),
            ("RUSTUP_TOOLCHAIN", "stable"),
            ("RUST_RECURSION_COUNT", "1"),
        ]);
        forget_proxy(&mut all);
        assert_eq!(all, variables(&[("LD_LIBRARY_PATH", "/mine")]));
        let mut own = variables(&[("RUSTUP_TOOLCHAIN", "mine"), ("LD_LIBRARY_PATH", "/x")]);
        forget_proxy(&mut own);
        assert_eq!(
            own,
            variables(&[("RUSTUP_TOOLCHAIN", "mine"), ("LD_LIBRARY_PATH", "/x")])
        );
    }
}
