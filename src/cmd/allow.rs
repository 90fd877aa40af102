//! `cargo-nix allow` and `cargo-nix deny`: what a project says now may be
//! evaluated without being asked for, or may not.

use super::output;
use crate::background::Desk;
use crate::cache::Cache;
use crate::cli::{AllowArgs, TrustArgs};
use crate::error::Result;
use crate::hook::outside;
use crate::inputs::Inputs;
use crate::project::Project;
use crate::trust::{self, Trust};
use std::process::ExitCode;

struct Asked {
    cache: Cache,
    project: Project,
    inputs: Inputs,
    trust: Trust,
}

fn asked(args: &TrustArgs) -> Result<Asked> {
    let vars = outside::read();
    let project = Project::find(args.directory.as_deref().or(args.project.as_deref()))?;
    let cache = Cache::new(vars.cache_dir()?);
    let inputs = Inputs::current(&project, cache.directory())?;
    let trust = Trust::new(&vars.data_dir()?);
    Ok(Asked {
        cache,
        project,
        inputs,
        trust,
    })
}

pub(super) fn allow(args: &AllowArgs) -> Result<ExitCode> {
    let Asked {
        cache,
        project,
        inputs,
        trust,
    } = asked(&args.project)?;
    let (id, digest) = (project.id().to_hex(), inputs.digest());
    let contents = inputs.contents()?;
    let difference = trust.difference(&id, &contents, &project.root);
    // Before it is allowed: whoever cannot be shown it has not agreed to it.
    output::print(&difference.unwrap_or_else(|| trust::shown(&contents, &project.root, args.full)))?;
    let already = trust.allows(&digest);
    if !args.show {
        trust.allow(&id, &digest, &contents)?;
        Desk::of(&cache, &id).forgive();
        // Shells that direnv serves look again; one that cannot be told does later.
        let _ = cache.ring(&id);
    }
    let now = match (args.show, already) {
        (true, false) => "is not allowed",
        (false, false) => "is allowed",
        (_, true) => "was allowed already",
    };
    output::print(&format!(
        "{} {now}, as it is ({:.8})\n",
        name_of(&project),
        digest.to_hex()
    ))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn deny(args: &TrustArgs) -> Result<ExitCode> {
    let Asked {
        cache,
        project,
        inputs,
        trust,
    } = asked(args)?;
    let (id, digest) = (project.id().to_hex(), inputs.digest());
    let already = trust.denies(&id, &digest);
    trust.deny(&id, &digest)?;
    let _ = cache.ring(&id);
    let now = if already {
        "was denied already"
    } else {
        "is denied"
    };
    output::print(&format!("{} {now} ({:.8})\n", name_of(&project), digest.to_hex()))?;
    Ok(ExitCode::SUCCESS)
}

/// A name that a stranger chose must not repaint what was shown to be decided about.
fn name_of(project: &Project) -> String {
    crate::say::name(project.directory())
}
