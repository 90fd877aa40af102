//! `cargo-nix init`: crate-env.nix and .envrc for the project at hand.
//!
//! Promises: a file that exists is left as it is; one that is written is there
//! as a whole or not at all. Nothing of the project is run.

mod render;

use super::{direnv, output};
use crate::bounded;
use crate::cli::InitArgs;
use crate::error::{Error, Result};
use crate::host::sys_crates::{self, Needs};
use crate::project::workspace;
use crate::vars::Vars;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const ENVRC: &str = "use cargo-nix\n";

pub(super) fn run(args: &InitArgs) -> Result<ExitCode> {
    let given = args.directory.clone().unwrap_or_else(|| PathBuf::from("."));
    let directory = std::fs::canonicalize(&given).map_err(Error::of_directory(&given))?;
    if !directory.join("Cargo.toml").is_file() {
        return Err(Error::Project {
            message: format!(
                "no Cargo.toml in {}\n  run it in the directory of a Rust project, or make one with `cargo init`",
                directory.display()
            ),
        });
    }
    // Cargo's own place for it: what lies further above is of another project.
    let top = workspace::root(&directory)?.unwrap_or_else(|| directory.clone());
    let lock = Some(top.join("Cargo.lock")).filter(|lock| lock.is_file());
    let needs = lock.as_deref().map_or_else(|| Ok(Needs::default()), read_needs)?;
    let toolchain_file = crate::project::RUST_TOOLCHAIN
        .into_iter()
        .find(|name| directory.join(name).is_file());
    let crate_env = render::crate_env(&needs, toolchain_file);

    let mut report = String::new();
    let wrote_env = report_on(
        &directory.join(crate::project::CRATE_ENV),
        &crate_env,
        &mut report,
    )?;
    let wrote_envrc = report_on(&directory.join(".envrc"), ENVRC, &mut report)?;
    if !wrote_envrc && !mentions_us(&directory.join(".envrc")) {
        report.push_str("  add this line to .envrc yourself: use cargo-nix\n");
    }
    if lock.is_none() {
        report.push_str("there is no Cargo.lock yet, so native libraries were not looked for\n");
    }
    if wrote_env || wrote_envrc {
        report.push_str("next:\n");
        let configuration = Vars::read().direnv_dir();
        if configuration.map_or(true, |directory| direnv::defined(&directory).is_none()) {
            report.push_str("  cargo-nix direnv install         once, for direnv\n");
        }
        report.push_str(
            "  direnv allow                     load it on every `cd` (`cargo nix doctor` checks direnv)\n",
        );
        report.push_str(
            "  cargo-nix allow                  or let the hook of your shell load it (`cargo-nix hook`)\n",
        );
        report.push_str("  cargo nix exec -- cargo build    or use it once\n");
    }
    output::print(&report)?;
    Ok(ExitCode::SUCCESS)
}

fn read_needs(lock: &Path) -> Result<Needs> {
    let text = bounded::read(lock, bounded::SMALL)
        .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other))
        .map_err(Error::io("reading", lock))?;
    sys_crates::needs(&text).map_err(|error| Error::Project {
        message: format!(
            "{} is not a Cargo.lock: {error}\n  mend it, or let `cargo generate-lockfile` write it anew",
            lock.display()
        ),
    })
}

/// Writes `path` unless it is there; tells which of the two, and returns
/// whether it wrote.
fn report_on(path: &Path, text: &str, report: &mut String) -> Result<bool> {
    let wrote = create(path, text)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let what = if wrote {
        "written"
    } else {
        "exists already, left as it is"
    };
    let _ = writeln!(report, "{name}: {what}");
    Ok(wrote)
}

/// Creates `path` as a whole; false if there is something already, be it a
/// dangling link.
fn create(path: &Path, text: &str) -> Result<bool> {
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(crate::sealed::TEMPORARY_PREFIX)
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .tempfile_in(directory)
        .map_err(Error::io("writing a file in", directory))?;
    file.write_all(text.as_bytes())
        .map_err(Error::io("writing", path))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io("writing", path)(error.error)),
    }
}

fn mentions_us(envrc: &Path) -> bool {
    bounded::read(envrc, bounded::SMALL)
        .is_ok_and(|text| String::from_utf8_lossy(&text).contains("cargo-nix"))
}
