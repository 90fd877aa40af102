//! `cargo-nix env`: print the environment, nothing else, on standard output.

use super::{output, start};
use crate::cli::EnvArgs;
use crate::env::merge::{Changes, merge};
use crate::env::{Format, render};
use crate::error::{Error, Result};
use crate::hook::outside;
use crate::vars::Vars;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(args: &EnvArgs) -> Result<ExitCode> {
    let vars = outside::read();
    let env = start::environment(&args.obtain, &vars)?.env;
    let changes = merge(&env, |name| std::env::var_os(name));
    if args.format == Format::Github {
        return append(&changes, &vars).map(|()| ExitCode::SUCCESS);
    }
    let rendered = render::render(args.format, &changes);
    start::warn(&rendered.warnings);
    if let Some(message) = start::excess(&[], &start::variables(&changes)) {
        // Data formats can carry it, and a shell's functions still work in it.
        crate::say!("warning: {message}");
    }
    output::print(&rendered.text)?;
    Ok(ExitCode::SUCCESS)
}

fn append(changes: &Changes, vars: &Vars) -> Result<()> {
    let missing: Vec<&str> = [
        ("GITHUB_ENV", &vars.github_env),
        ("GITHUB_PATH", &vars.github_path),
    ]
    .iter()
    .filter_map(|(name, value)| value.is_none().then_some(*name))
    .collect();
    let (Some(env), Some(path)) = (&vars.github_env, &vars.github_path) else {
        let is = if missing.len() == 1 { "is" } else { "are" };
        return Err(Error::Machine {
            message: format!(
                "{} {is} not set, so there is no file to append to\n  `--format github` is for a step of a \
                 GitHub Actions job; elsewhere take another format",
                missing.join(" and ")
            ),
        });
    };
    let files = render::GithubFiles::render(changes, render::random_delimiter);
    start::warn(&files.warnings);
    append_to(env, &files.env)?;
    append_to(path, &files.path)
}

fn append_to(path: &Path, text: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(Error::io("opening", path))?;
    file.write_all(text).map_err(Error::io("writing", path))
}
