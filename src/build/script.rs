//! A build script's run, from cargo's call of the shim to its output.
//!
//! In the place of the script's executable stands a shim, a line of sh that
//! names the script in the store. It runs the script in a sandbox and repeats
//! what it printed; its `OUT_DIR` stays in the store, and since the script
//! printed the paths of that, so do the units that use them. Without an
//! environment, or without us, the shim runs the script as cargo would have.

use super::index::{self, Tracked};
use super::plan::{self, Given, Variables};
use super::report::Asked;
use super::workshop::{Obtained, Unserved, Workshop};
use super::{Local, context::Context};
use crate::bounded;
use crate::error::{Error, Result};
use crate::vars::Vars;
use cargo_nix_protocol::{Failure, StoreInput};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The hidden verb of the shim; its argument is the script in the store.
pub const VERB: &str = "__build-script";

/// Variables that the sandbox has values of its own for, or that say nothing
/// about the result; a script that asks cargo to watch them watches in vain.
const OWN: [&str; 19] = [
    "CARGO",
    "CARGO_MAKEFLAGS",
    "HOME",
    "LD_LIBRARY_PATH",
    "MAKEFLAGS",
    "MFLAGS",
    "NUM_JOBS",
    "OUT_DIR",
    "PATH",
    "PKG_CONFIG_LIBDIR",
    "PKG_CONFIG_PATH",
    "PWD",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "TERM",
    "TMPDIR",
    "USER",
    "XDG_DATA_DIRS",
];

/// What stands in the place of the executable `script`; `program` is ours.
pub fn shim(program: &Path, script: &Path) -> String {
    let quote = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    format!(
        "#!/bin/sh\n\
         # The build script is in the store; cargo-nix runs it in a sandbox.\n\
         script={}\n\
         program={}\n\
         if [ -x \"$program\" ]; then\n  exec \"$program\" {VERB} \"$script\" \"$@\"\nfi\n\
         exec \"$script\" \"$@\"\n",
        quote(script),
        quote(program),
    )
}

/// A run whose `OUT_DIR` is in the store; recorded beside cargo's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its output in the store.
    pub path: String,
    /// Its derivation.
    pub derivation: String,
    /// When cargo started it: a later run is another.
    invoked: Option<i128>,
}

impl Run {
    /// The run that cargo knows by this `OUT_DIR`, if it was the last one.
    pub fn of(out_dir: &Path) -> Option<Run> {
        let run: Run = index::read(&Run::file(out_dir), "run")?;
        (run.invoked == invoked(out_dir)).then_some(run)
    }

    fn file(out_dir: &Path) -> PathBuf {
        out_dir.with_file_name(".run.unit")
    }

    /// The names that the script's `rustc-env` lines set.
    ///
    /// # Errors
    /// The store's file cannot be read.
    pub fn rustc_env(&self) -> Result<Vec<String>> {
        let path = Path::new(&self.path).join("unit/stdout");
        let text = bounded::read(&path, bounded::LARGE).map_err(Error::io("reading", &path))?;
        let text = String::from_utf8_lossy(&text);
        let name = |value: &str| value.split('=').next().unwrap_or_default().to_owned();
        Ok(directives(&text)
            .filter(|(key, _)| *key == "rustc-env")
            .map(|(_, value)| name(value))
            .collect())
    }
}

/// When cargo started the run, by the file that it stamps then.
fn invoked(out_dir: &Path) -> Option<i128> {
    let base = out_dir.parent()?;
    let files = [base.join("invoked.timestamp"), base.join("run/invoked.timestamp")];
    let metadata = files.iter().find_map(|file| file.metadata().ok())?;
    Some(i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()))
}

/// The `cargo::key=value` and `cargo:key=value` lines of a script's output.
fn directives(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .filter_map(|line| {
            line.strip_prefix("cargo::")
                .or_else(|| line.strip_prefix("cargo:"))
        })
        .filter_map(|line| line.split_once('='))
}

/// The hidden verb [`VERB`].
pub fn main(words: &[OsString]) -> ExitCode {
    let vars = Vars::read();
    let Some((script, arguments)) = words.split_first() else {
        crate::say!("error: {VERB} is for build scripts that cargo-nix has built");
        return ExitCode::from(2);
    };
    let out_dir = std::env::var_os("OUT_DIR").map(PathBuf::from);
    if !vars.units {
        return exec(script, arguments, out_dir.as_deref());
    }
    let asked = Asked::run(out_dir.as_deref(), &vars);
    match serve(Path::new(script), &vars, out_dir.as_deref()) {
        Ok(obtained) => {
            asked.served(&obtained);
            ExitCode::SUCCESS
        }
        Err(Unserved::Failed(failure)) => {
            crate::say!("{}", explain(&failure));
            asked.failed(&Unserved::Failed(failure));
            ExitCode::from(1)
        }
        Err(unserved) => {
            asked.left(&unserved);
            exec(script, arguments, out_dir.as_deref())
        }
    }
}

fn serve(program: &Path, vars: &Vars, out_dir: Option<&Path>) -> Result<Obtained, Unserved> {
    let out_dir = out_dir.ok_or_else(|| Local::because("OUT_DIR is not set"))?;
    let (workshop, package) = Workshop::open(vars, std::env::vars_os().collect())?;
    workshop.check_compiler(&compiler(&workshop.variables))?;
    let script = script_input(program, &workshop)?;
    let text = program
        .to_str()
        .ok_or_else(|| Local::because("its path is not UTF-8"))?;
    let derivation_of = |path: &str| workshop.index.derivation_of(path);
    let obtained = workshop.obtain(
        &|tracked, files| {
            let given = Given {
                context: &workshop.context,
                environment: &package.environment,
                source: &package.source,
                ran: None,
                variables: &workshop.variables,
                tracked: &tracked.variables,
                files,
                derivation_of: &derivation_of,
                exists: &Path::exists,
            };
            plan::run(&script, text, &given)
        },
        &|record, plan| {
            let stdout = bounded::read(&Path::new(&record.path).join("unit/stdout"), bounded::LARGE)
                .map_err(|error| Local::because(format!("its output cannot be read: {error}")))?;
            let mut tracked = watched(&String::from_utf8_lossy(&stdout), &workshop.context)?;
            tracked
                .variables
                .retain(|name| !plan.variables.contains_key(name));
            Ok(tracked)
        },
    )?;
    finish(&obtained, out_dir, &workshop.crate_variable().0)?;
    Ok(obtained)
}

fn compiler(variables: &Variables) -> OsString {
    variables
        .get(OsStr::new("RUSTC"))
        .cloned()
        .unwrap_or_else(|| "rustc".into())
}

/// The store path that holds the script.
fn script_input(program: &Path, workshop: &Workshop) -> Result<StoreInput, Local> {
    let path = program
        .ancestors()
        .nth(2)
        .filter(|path| path.parent() == Some(Path::new(&workshop.context.store_dir)))
        .and_then(Path::to_str)
        .ok_or_else(|| Local::because("it is not in the store"))?;
    Ok(StoreInput {
        path: path.to_owned(),
        derivation: workshop.index.derivation_of(path),
    })
}

/// What a script asks cargo to watch, of what is outside of its package.
fn watched(stdout: &str, context: &Context) -> Result<Tracked, Local> {
    let mut tracked = Tracked::default();
    for (key, value) in directives(stdout) {
        match key {
            "rerun-if-env-changed" if !OWN.contains(&value) => {
                tracked.variables.insert(value.to_owned());
            }
            "rerun-if-changed" if value.starts_with("/build") => {
                return Err(Local::because(format!(
                    "it watches {value}, which is gone with the sandbox"
                )));
            }
            // What the sandbox shows of the machine is in the key as a whole.
            "rerun-if-changed" if value.starts_with('/') && !context.visible().shows(value, Path::exists) => {
                tracked.files.insert(value.into());
            }
            _ => {}
        }
    }
    Ok(tracked)
}

/// Records the run and repeats its output; cargo is to watch `variable` as well.
fn finish(obtained: &Obtained, out_dir: &Path, variable: &str) -> Result<(), Unserved> {
    let cannot = |error: Error| Local::because(error.to_string());
    let record = &obtained.record;
    let read = |name: &str| {
        let path = Path::new(&record.path).join(name);
        bounded::read(&path, bounded::LARGE)
            .map_err(Error::io("reading", &path))
            .map_err(cannot)
    };
    let (mut stdout, stderr) = (read("unit/stdout")?, read("unit/stderr")?);
    if !stdout.is_empty() && !stdout.ends_with(b"\n") {
        stdout.push(b'\n');
    }
    stdout.extend_from_slice(format!("cargo:rerun-if-env-changed={variable}\n").as_bytes());
    let (path, derivation) = (record.path.clone(), record.derivation.clone());
    copy_small(&Path::new(&path).join("out"), out_dir).map_err(cannot)?;
    let run = Run {
        path,
        derivation,
        invoked: invoked(out_dir),
    };
    index::write(&Run::file(out_dir), "run", &run).map_err(cannot)?;
    let _ = std::io::stderr().write_all(&stderr);
    let _ = std::io::stdout().write_all(&stdout);
    Ok(())
}

/// What editors look for in cargo's own `OUT_DIR`: generated sources. Objects
/// and archives are left where they are, and nothing is linked, so that a
/// script that runs here without us cannot write into the store.
fn copy_small(from: &Path, to: &Path) -> Result<()> {
    const SMALL: u64 = 1 << 20;
    std::fs::create_dir_all(to).map_err(Error::io("creating", to))?;
    for entry in std::fs::read_dir(from).map_err(Error::io("reading", from))? {
        let entry = entry.map_err(Error::io("reading", from))?;
        let metadata = entry.metadata().map_err(Error::io("reading", entry.path()))?;
        let target = to.join(entry.file_name());
        let is_binary = entry
            .path()
            .extension()
            .is_some_and(|kind| ["a", "o", "d", "so"].iter().any(|not| kind == *not));
        if metadata.is_dir() {
            copy_small(&entry.path(), &target)?;
        } else if metadata.is_file() && metadata.len() <= SMALL && !is_binary {
            let bytes = bounded::read(&entry.path(), SMALL).map_err(Error::io("reading", entry.path()))?;
            crate::sealed::replace(&target, &[&bytes])?;
        }
    }
    Ok(())
}

/// Replaces this process by the script itself.
fn exec(script: &OsStr, arguments: &[OsString], out_dir: Option<&Path>) -> ExitCode {
    if let Some(out_dir) = out_dir {
        let _ = std::fs::remove_file(Run::file(out_dir));
    }
    let error = Command::new(script).args(arguments).exec();
    crate::say!("error: starting {}: {error}", script.display());
    ExitCode::from(7)
}

/// A failed run as its user is told: what it printed, then the way out.
fn explain(failure: &Failure) -> String {
    let whole = failure.trace.as_deref().unwrap_or(&failure.message);
    let log: Vec<&str> = whole
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("> "))
        .collect();
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    let said = if log.is_empty() {
        failure.message.clone()
    } else {
        log.join("\n")
    };
    format!(
        "{said}\n\nthis build script ran in a sandbox: it saw its source, the toolchain and the inputs of \
         crate-env.nix, and no network\n  what it lacks belongs into \
         `crates.{package}.nativeBuildInputs` or `.buildInputs` of crate-env.nix; \
         `crates.{package}.sandbox = false` lets it run outside"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_directives() {
        let text = "cargo::rustc-env=A=1\ncargo:rerun-if-changed=build.rs\nother\ncargo:root=/x\n";
        let found: Vec<_> = directives(text).collect();
        assert_eq!(
            found,
            [
                ("rustc-env", "A=1"),
                ("rerun-if-changed", "build.rs"),
                ("root", "/x")
            ]
        );
    }

    #[test]
    fn the_shim_quotes() {
        let text = shim(
            Path::new("/it's/cargo-nix"),
            Path::new("/nix/store/x/lib/build_script_build-1"),
        );
        assert!(text.contains(r"program='/it'\''s/cargo-nix'"), "{text}");
    }
}
