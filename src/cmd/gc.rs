//! `cargo-nix gc`: drop the slots that nobody used lately, and say what that
//! frees. The store itself is Nix's business: its collector runs only when
//! asked for.

use super::closure::paths;
use super::output::print;
use crate::build::fetched::dangling;
use crate::build::index::Index;
use crate::build::realise::Builder;
use crate::build::roots;
use crate::cache::{Cache, KEPT_SLOTS};
use crate::cli::GcArgs;
use crate::error::{Error, Result};
use crate::evaluator;
use crate::gc::{self, Outcome, Plan, SeenSlot, Swept};
use crate::hook::outside;
use crate::progress::Progress;
use crate::vars::Vars;
use cargo_nix_protocol::{Answer, Ask, ClosurePath, Settings};
use std::process::{Command, ExitCode, Stdio};

pub(super) fn run(args: &GcArgs) -> Result<ExitCode> {
    let vars = outside::read();
    let cache = Cache::new(vars.cache_dir()?);
    let plan = gc::plan(&gc::survey(&cache), KEPT_SLOTS);
    // Closures are asked for while their roots still hold them.
    let bytes = bytes(&vars, &plan, args.quiet);
    let swept = if args.dry_run {
        Swept::expected(&plan)
    } else {
        gc::sweep(&cache, &plan)?
    };
    let outcome = Outcome {
        swept: &swept,
        kept: plan.kept.len() + swept.busy,
        young: plan.young,
        bytes,
        dry_run: args.dry_run,
    };
    print(&if args.json { outcome.json() } else { outcome.text() })?;
    if args.collect && !args.dry_run {
        hold(&vars)?;
        collect(&vars)?;
    }
    links(&vars, args.dry_run)?;
    Ok(ExitCode::SUCCESS)
}

/// Bytes that only dropped environments hold; unknown if the evaluator cannot
/// tell, which is no reason to keep anything.
fn bytes(vars: &Vars, plan: &Plan, quiet: bool) -> Option<u64> {
    let mut progress = Progress::new(quiet);
    let mut closures = |slots: &[SeenSlot]| -> Option<Vec<Vec<ClosurePath>>> {
        let mut environments: Vec<&str> = slots
            .iter()
            .filter_map(|slot| slot.environment.as_deref())
            .collect();
        environments.sort_unstable();
        environments.dedup();
        // What is no longer in the store frees nothing and holds nothing.
        environments.retain(|path| std::fs::symlink_metadata(path).is_ok());
        environments
            .into_iter()
            .map(|path| paths(vars, path, &mut progress).ok())
            .collect()
    };
    let dropped = closures(&plan.slots)?;
    if dropped.is_empty() {
        return Some(0);
    }
    Some(gc::closure_difference(&dropped, &closures(&plan.kept)?))
}

/// Removes the links of cargo's home (`cargo nix fetch` makes them) whose store
/// path is gone: cargo cannot unpack over them. A link that leads somewhere is
/// its own GC root, and goes when cargo or the user removes it.
fn links(vars: &Vars, dry_run: bool) -> Result<()> {
    let Some(home) = vars.cargo_home() else {
        return Ok(());
    };
    let links = dangling(&home, &vars.store_dir());
    if !dry_run {
        for link in &links {
            std::fs::remove_file(link).map_err(Error::io("removing", link))?;
        }
    }
    let verb = if dry_run { "would remove" } else { "removed" };
    match links.len() {
        0 => {}
        1 => crate::say!("{verb} 1 link of cargo's home that leads nowhere"),
        n => crate::say!("{verb} {n} links of cargo's home that lead nowhere"),
    }
    Ok(())
}

/// Makes the roots of target directories that were built a moment ago: the build
/// service does so when nobody has asked it for a while.
fn hold(vars: &Vars) -> Result<()> {
    let index = Index::below(&vars.cache_dir()?);
    let builder = Builder::below(index.dir(), vars, Vec::new())?;
    roots::make(&builder.socket, |set| builder.unit(set).is_ok());
    Ok(())
}

/// Runs Nix's own collector; what it says goes to standard error. It need not be
/// on PATH: the evaluator knows where libnix has it.
fn collect(vars: &Vars) -> Result<()> {
    let settings = Settings {
        offline: true,
        ..Settings::default()
    };
    let program = match evaluator::ask(vars, &settings, Ask::Probe, |_| {}) {
        Ok(Answer::Probe { nix_store, .. }) => nix_store,
        _ => None,
    };
    let program = program.unwrap_or_else(|| "nix-store".into());
    let status = Command::new(&program)
        .arg("--gc")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|error| Error::Machine {
            message: format!(
                "--collect needs {}, which does not start: {error}\n  \
             the roots are dropped; the next run of Nix's collector frees the rest",
                program.display()
            ),
        })?;
    if status.success() {
        return Ok(());
    }
    let message = format!(
        "{} --gc failed ({status})\n  the roots are dropped; run it again by itself",
        program.display()
    );
    Err(Error::Machine { message })
}
