//! `cargo-nix prompt SHELL` (hidden): what the hook of a shell evaluates at a
//! prompt; nothing if nothing changed. It does not fail: what goes wrong is
//! said once, and the shell goes on.

use crate::cli::PromptArgs;
use crate::env::render::render_for_hook;
use crate::error::{Error, Result};
use crate::hook::outside;
use crate::hook::turn::turn;
use std::io::Write;
use std::process::ExitCode;

pub(super) fn run(args: &PromptArgs) -> Result<ExitCode> {
    let now = std::env::vars_os().collect();
    let kept = args.kept.as_deref().unwrap_or_default().split_terminator(',');
    let turn = turn(&now, &outside::vars(&now), &kept.collect::<Vec<_>>());
    for message in &turn.say {
        crate::say!("{message}");
    }
    if turn.changes.list.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let rendered = render_for_hook(args.shell, &turn.changes, args.checks && args.kept.is_none());
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
