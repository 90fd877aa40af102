//! A build script's run, from cargo's call of the shim to its output.
//!
//! In the place of the script's executable stands a shim, a line of sh that
//! names the script in the store. It runs the script in a sandbox and repeats
//! what it printed; its `OUT_DIR` stays in the store, and since the script
//! printed the paths of that, so do the units that use them. Without an
//! environment, or without us, the shim runs the script as cargo would have.

use super::context::Context;
use super::index;
use super::paths::Visible;
use super::plan::{self, Given, Variables};
use super::report::Asked;
use super::workshop::{Obtained, Unserved, Workshop};
use super::{Local, denied, directives, heal, libraries, out_dir, sidecar, watched};
use crate::bounded;
use crate::env::render::is_identifier;
use crate::error::{Error, Result};
use crate::host::packages;
use crate::vars::Vars;
use cargo_nix_protocol::{Failure, StoreInput};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The hidden verb of the shim; its argument is the script in the store.
pub const VERB: &str = "__build-script";

/// Set by the shim: where it is, and its process id.
const SHIM: &str = "CARGO_NIX_SHIM";
pub(super) const SHIM_PROCESS: &str = "CARGO_NIX_SHIM_PROCESS";

/// What stands in the place of the executable `script`; `program` is ours. The sh
/// waits for it, and does not become it: see [`variables_for_script`].
pub fn shim(program: &Path, script: &Path) -> String {
    let quote = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    format!(
        "#!/bin/sh\n\
         # The build script is in the store; cargo-nix runs it in a sandbox.\n\
         script={}\n\
         program={}\n\
         if [ -x \"$program\" ]; then\n  {SHIM}=$0 {SHIM_PROCESS}=$$ \"$program\" {VERB} \"$script\" \"$@\"\n  exit\nfi\n\
         exec \"$script\" \"$@\"\n",
        quote(script),
        quote(program),
    )
}

/// The record of a [`Run`], beside cargo's `OUT_DIR`.
pub const RUN: &str = ".run.unit";

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

    /// Records that the run which cargo knows by this `OUT_DIR` is in the store.
    ///
    /// # Errors
    /// The target directory cannot be written.
    pub fn record(path: &str, derivation: &str, out_dir: &Path) -> Result<()> {
        let run = Run {
            path: path.to_owned(),
            derivation: derivation.to_owned(),
            invoked: invoked(out_dir),
        };
        index::write(&Run::file(out_dir), "run", &run)
    }

    fn file(out_dir: &Path) -> PathBuf {
        out_dir.with_file_name(RUN)
    }

    /// As an input of the units that use it; brought back if a collection took it.
    ///
    /// # Errors
    /// As [`heal::restore`].
    pub fn input(&self, workshop: &Workshop) -> Result<StoreInput, Unserved> {
        let input = StoreInput {
            path: self.path.clone(),
            derivation: Some(self.derivation.clone()),
        };
        heal::restore(&input, &workshop.index, &workshop.builder)?;
        Ok(input)
    }

    /// The names that the script's `rustc-env` lines set.
    ///
    /// # Errors
    /// The store's file cannot be read.
    pub fn rustc_env(&self) -> Result<Vec<String>> {
        let path = Path::new(&self.path).join("unit/stdout");
        let stdout = bounded::read(&path, bounded::LARGE).map_err(Error::io("reading", &path))?;
        Ok(directives::rustc_env(&stdout).map(str::to_owned).collect())
    }
}

/// When cargo started the run, by the file that it stamps then.
fn invoked(out_dir: &Path) -> Option<i128> {
    let base = out_dir.parent()?;
    let files = [base.join("invoked.timestamp"), base.join("run/invoked.timestamp")];
    let metadata = files.iter().find_map(|file| file.metadata().ok())?;
    Some(i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()))
}

/// What cargo sets for the script. Some sh drop variables that they cannot name, as
/// `CFLAGS_x86_64-unknown-linux-gnu`; but what the shim was started with is still
/// to be read as long as it waits for us.
fn variables_for_script() -> Variables {
    let mut variables: Variables = std::env::vars_os().collect();
    variables.remove(OsStr::new(SHIM));
    let shim = variables.remove(OsStr::new(SHIM_PROCESS));
    let started_with = shim
        .and_then(|process| std::fs::read(Path::new("/proc").join(process).join("environ")).ok())
        .unwrap_or_default();
    for variable in started_with.split(|byte| *byte == 0) {
        let Some(at) = variable.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = (&variable[..at], &variable[at + 1..]);
        let is_dropped = std::str::from_utf8(name).is_ok_and(|name| !name.is_empty() && !is_identifier(name));
        if is_dropped {
            variables.insert(OsStr::from_bytes(name).into(), OsStr::from_bytes(value).into());
        }
    }
    variables
}

/// The hidden verb [`VERB`].
pub fn main(words: &[OsString]) -> ExitCode {
    let vars = Vars::read();
    let variables = variables_for_script();
    let Some((script, arguments)) = words.split_first() else {
        crate::say!("error: {VERB} is for build scripts that cargo-nix has built");
        return ExitCode::from(2);
    };
    let out_dir = std::env::var_os("OUT_DIR").map(PathBuf::from);
    if !vars.units {
        return exec(script, arguments, &variables, out_dir.as_deref());
    }
    let asked = Asked::run(out_dir.as_deref(), &vars);
    match serve(Path::new(script), &vars, variables.clone(), out_dir.as_deref()) {
        Ok(obtained) => {
            asked.served(&obtained);
            ExitCode::SUCCESS
        }
        Err(Unserved::Failed(failure)) => {
            tell(&failure, &vars);
            let code = code(&failure.message);
            asked.failed(&Unserved::Failed(failure));
            code
        }
        Err(unserved) => {
            asked.left(&unserved);
            let of_others = |(name, value): (&OsString, &OsString)| {
                let value = value.to_string_lossy().into_owned();
                name.as_bytes().starts_with(b"DEP_").then_some(value)
            };
            let mentioned: Vec<String> = variables.iter().filter_map(of_others).collect();
            heal::mentioned(&mentioned, &vars);
            if !Path::new(script).exists() {
                return gone(Path::new(script));
            }
            exec(script, arguments, &variables, out_dir.as_deref())
        }
    }
}

fn serve(
    program: &Path,
    vars: &Vars,
    variables: Variables,
    out_dir: Option<&Path>,
) -> Result<Obtained, Unserved> {
    let out_dir = out_dir.ok_or_else(|| Local::because("OUT_DIR is not set"))?;
    let (mut workshop, package) = Workshop::open(vars, variables)?;
    // The script has those of its own package.
    let context = &workshop.context;
    workshop
        .variables
        .retain(|name, value| !context.is_members(name, value));
    workshop.check_compiler(&compiler(&workshop.variables))?;
    let script = script_input(program, &workshop)?;
    heal::restore(&script, &workshop.index, &workshop.builder)?;
    let text = program
        .to_str()
        .ok_or_else(|| Local::because("its path is not UTF-8"))?;
    let derivation_of = |path: &str| workshop.index.derivation_of(path);
    let others = libraries::out_dirs(&libraries::searched(&workshop.variables), &workshop)?;
    let obtained = workshop.obtain(
        &|tracked| {
            let given = Given {
                context: &workshop.context,
                environment: &package.environment,
                source: &package.source,
                ran: None,
                variables: &workshop.variables,
                tracked,
                others: &others,
                own: &package.own,
                derivation_of: &derivation_of,
                exists: &Path::exists,
            };
            plan::run(&script, text, &given)
        },
        &|record, plan| {
            let stdout = bounded::read(&Path::new(&record.path).join("unit/stdout"), bounded::LARGE)
                .map_err(|error| Local::because(format!("its output cannot be read: {error}")))?;
            if let Some(name) = out_dir::beside(Path::new(&record.path)) {
                return Err(Local::because(format!(
                    "it puts {} where cargo puts programs",
                    name.display()
                )));
            }
            let mut tracked = watched::of(&stdout, &workshop, &package)?;
            tracked
                .variables
                .retain(|name| !plan.variables.contains_key(name));
            Ok(tracked)
        },
        // A script that fails for want of a variable has often asked for it before.
        &|failure| watched::variables(failure.log.join("\n").as_bytes()),
    )?;
    finish(&obtained, &package.source, out_dir)?;
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

/// Records the run and repeats its output.
fn finish(obtained: &Obtained, source: &plan::Source, out_dir: &Path) -> Result<(), Unserved> {
    let cannot = |error: Error| Local::because(error.to_string());
    let record = &obtained.record;
    let read = |name: &str| {
        let path = Path::new(&record.path).join(name);
        bounded::read(&path, bounded::LARGE)
            .map_err(Error::io("reading", &path))
            .map_err(cannot)
    };
    let (stdout, stderr) = (read("unit/stdout")?, read("unit/stderr")?);
    let (path, derivation) = (record.path.clone(), record.derivation.clone());
    // What the script was told is where that link leads.
    let out = Path::new(&path).join("out");
    let out = out
        .canonicalize()
        .map_err(Error::io("reading", &out))
        .map_err(cannot)?;
    let shared = out_dir::copy(&out, out_dir).map_err(cannot)?;
    let stdout = match shared.is_empty() {
        true => stdout,
        false => out_dir::lead_home(stdout, &out, out_dir, &shared),
    };
    let stdout = watched::at_home(stdout, source);
    Run::record(&path, &derivation, out_dir).map_err(cannot)?;
    let _ = std::io::stderr().write_all(&stderr);
    let _ = std::io::stdout().write_all(&stdout);
    Ok(())
}

/// The script was collected, and could not be brought back: without what stands
/// in its place here, cargo has it compiled again.
fn gone(script: &Path) -> ExitCode {
    if let Some(shim) = std::env::var_os(SHIM) {
        remove_shim(Path::new(&shim));
    }
    crate::say!(
        "error: this build script, {}, was collected from the store\n  the same command again compiles it again",
        script.display()
    );
    ExitCode::from(1)
}

/// Cargo has two names for it, and looks for the other.
fn remove_shim(shim: &Path) {
    let inode = |path: &Path| path.symlink_metadata().map(|metadata| metadata.ino()).ok();
    let (Some(directory), Some(own)) = (shim.parent(), inode(shim)) else {
        return;
    };
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if inode(&entry.path()) == Some(own) {
            let _ = std::fs::remove_file(entry.path());
            let _ = std::fs::remove_file(sidecar::path_of(directory, &entry.file_name().to_string_lossy()));
        }
    }
}

/// Replaces this process by the script itself.
fn exec(script: &OsStr, arguments: &[OsString], variables: &Variables, out_dir: Option<&Path>) -> ExitCode {
    if let Some(out_dir) = out_dir {
        let _ = std::fs::remove_file(Run::file(out_dir));
    }
    let error = Command::new(script)
        .args(arguments)
        .env_clear()
        .envs(variables)
        .exec();
    crate::say!("error: starting {}: {error}", script.display());
    ExitCode::from(7)
}

/// What the builder of a run that fails prints between its two outputs.
const STDERR: &str = "--- stderr";

/// The script's own exit code, as Nix tells it.
fn code(message: &str) -> ExitCode {
    let told = message.rsplit_once("exit code ").map(|(_, rest)| rest);
    let code = told.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    ExitCode::from(code.filter(|code| *code != 0).unwrap_or(1))
}

/// A failed run as its user is told: what it printed, where it printed it, then
/// what it lacked.
fn tell(failure: &Failure, vars: &Vars) {
    let mut log = failure.log.join("\n");
    log.push('\n');
    // Of a log that is too long, the beginning is lost.
    let mark = format!("\n{STDERR}\n");
    let (stdout, stderr) = log.split_once(&mark).unwrap_or(("", &log));
    let (stdout, stderr) = match log.strip_prefix(&mark[1..]) {
        Some(stderr) => ("", stderr),
        None => (stdout, stderr),
    };
    let _ = std::io::stdout().write_all(format!("{stdout}\n").as_bytes());
    let said = if failure.log.is_empty() {
        &failure.message
    } else {
        stderr.trim_end()
    };
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    let visible = vars
        .units_context
        .as_deref()
        .and_then(|context| Context::read(context).ok())
        .map(|context| context.visible());
    let lacks = denied::explain(
        &log,
        &denied::Place {
            package: &package,
            table: &packages::table(),
            hidden: &|path| {
                let is_shown = |visible: &Visible| visible.shows(path, Path::exists);
                Path::new(path).exists() && !visible.as_ref().is_some_and(is_shown)
            },
        },
    );
    let lacks = match lacks.is_empty() {
        true => format!(
            "what it lacks belongs into `crates.{package}.nativeBuildInputs` or `.buildInputs` of crate-env.nix; \
             `crates.{package}.sandbox = false` lets it run outside"
        ),
        false => lacks.join("\n  "),
    };
    let backtrace = match log.contains("`RUST_BACKTRACE=1`") {
        true => format!("\n  the backtrace: crates.{package}.env.RUST_BACKTRACE = \"1\";"),
        false => String::new(),
    };
    crate::say!(
        "{said}\n\nthis build script ran in a sandbox: it saw its source, the toolchain and the inputs of \
         crate-env.nix, and no network\n  {lacks}{backtrace}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shim_quotes() {
        let text = shim(
            Path::new("/it's/cargo-nix"),
            Path::new("/nix/store/x/lib/build_script_build-1"),
        );
        assert!(text.contains(r"program='/it'\''s/cargo-nix'"), "{text}");
    }
}
