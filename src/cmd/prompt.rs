//! `cargo-nix prompt SHELL` (hidden): what the hook of a shell evaluates at a
//! prompt; nothing if nothing changed. It does not fail: what goes wrong is
//! said once, and the shell goes on.

use crate::cli::PromptArgs;
use crate::env::diff::Variables;
use crate::env::merge::Changes;
use crate::env::render::render_for_hook;
use crate::error::{Error, Result};
use crate::hook::{Shell, outside, turn};
use std::io::Write;
use std::process::ExitCode;

pub(super) fn run(args: &PromptArgs) -> Result<ExitCode> {
    let now = std::env::vars_os().collect();
    let vars = outside::vars(&now);
    let kept = args.kept.as_deref().unwrap_or_default().split_terminator(',');
    let mut kept: Vec<&str> = kept.collect();
    let mut turn = turn::turn(&now, &vars, &kept);
    let one_in_nu = match args.shell {
        Shell::Nu => same_but_for_case(&turn.changes, &now),
        _ => Vec::new(),
    };
    if !one_in_nu.is_empty() {
        kept.extend(one_in_nu.iter().map(String::as_str));
        turn = turn::turn(&now, &vars, &kept);
    }
    for message in &turn.say {
        crate::say!("{message}");
    }
    if turn.changes.list.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let rendered = render_for_hook(args.shell, &turn.changes, args.checks);
    for warning in &rendered.warnings {
        crate::say!("cargo-nix: {warning}");
    }
    // The hook evaluates nothing unless all of it was written: we then end with 0.
    let mut out = std::io::stdout().lock();
    out.write_all(&rendered.text)
        .and_then(|()| out.flush())
        .map_err(Error::io("writing", "standard output"))?;
    Ok(ExitCode::SUCCESS)
}

/// Those variables that would be set and that nushell takes for others which are
/// there: to it, names that differ in case alone are one.
fn same_but_for_case(changes: &Changes, now: &Variables) -> Vec<String> {
    let set = changes.list.iter().filter(|change| change.value.is_some());
    let names: Vec<&str> = set.map(|change| change.name.as_str()).collect();
    let present: Vec<&str> = now.keys().filter_map(|name| name.to_str()).collect();
    let others = || present.iter().chain(&names).chain(&["PATH"]);
    let is_taken = |name: &&&str| others().any(|other| other != *name && other.eq_ignore_ascii_case(name));
    names
        .iter()
        .filter(is_taken)
        .map(|name| (*name).to_owned())
        .collect()
}
