//! `cargo-nix allow` and `cargo-nix deny`: what a project says now may be
//! evaluated without being asked for, or may not.

use super::output;
use crate::cli::TrustArgs;
use crate::error::Result;
use crate::hook::outside;
use crate::inputs::Inputs;
use crate::project::Project;
use crate::trust::{self, Trust};
use std::fmt::Write;
use std::process::ExitCode;

struct Asked {
    project: Project,
    inputs: Inputs,
    trust: Trust,
}

fn asked(args: &TrustArgs) -> Result<Asked> {
    let vars = outside::read();
    let project = Project::find(args.directory.as_deref())?;
    let inputs = Inputs::current(&project, &vars.cache_dir()?)?;
    let trust = Trust::new(&vars.data_dir()?);
    Ok(Asked {
        project,
        inputs,
        trust,
    })
}

pub(super) fn allow(args: &TrustArgs) -> Result<ExitCode> {
    let Asked {
        project,
        inputs,
        trust,
    } = asked(args)?;
    let (id, digest) = (project.id().to_hex(), inputs.digest());
    let contents = inputs.contents()?;
    let mut text = trust
        .difference(&id, &contents)
        .unwrap_or_else(|| trust::shown(&contents));
    let already = trust.allows(&digest);
    trust.allow(&id, &digest, &contents)?;
    let now = if already {
        "was allowed already"
    } else {
        "is allowed"
    };
    writeln!(
        text,
        "{} {now}, as it is ({:.8})",
        name_of(&project),
        digest.to_hex()
    )
    .expect("a String takes everything");
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn deny(args: &TrustArgs) -> Result<ExitCode> {
    let Asked {
        project,
        inputs,
        trust,
    } = asked(args)?;
    let digest = inputs.digest();
    let now = if trust.deny(&digest)? {
        "is no longer allowed"
    } else {
        "was not allowed"
    };
    output::print(&format!("{} {now} ({:.8})\n", name_of(&project), digest.to_hex()))?;
    Ok(ExitCode::SUCCESS)
}

/// A name that a stranger chose must not repaint what was shown to be decided about.
fn name_of(project: &Project) -> String {
    crate::say::printable(&project.directory().to_string_lossy())
}
