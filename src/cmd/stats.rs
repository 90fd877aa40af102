//! `cargo-nix stats`: what the last builds took from the store, and what that
//! saved.

use super::output::{self, print};
use crate::build::history::{self, Build, Sums, human};
use crate::build::journal::{Entry, Outcome};
use crate::build::timeline;
use crate::cli::StatsArgs;
use crate::error::{Error, Result};
use crate::vars::Vars;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

/// Reasons that are listed, at most.
const REASONS: usize = 10;

pub(super) fn run(args: &StatsArgs) -> Result<ExitCode> {
    let vars = Vars::read();
    let mut builds = history::read(&vars.cache_dir()?);
    if let Some(project) = &args.project {
        let project = project.canonicalize().map_err(Error::of_directory(project))?;
        builds.retain(|build| build.target().starts_with(&project));
    }
    let skipped = builds.len().saturating_sub(args.last.max(1));
    let builds = &builds[skipped..];
    if let Some(file) = &args.html {
        let build = builds.last().ok_or_else(nothing)?;
        output::page(file, &timeline::html(build), false)?;
    } else if args.json {
        print(&json(builds))?;
    } else if builds.is_empty() {
        return Err(nothing());
    } else {
        print(&crate::say::printable(&text(builds, vars.home.as_deref())))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn nothing() -> Error {
    Error::Usage {
        message: "no build is known\n  what cargo builds inside an environment is noted; `cargo nix exec cargo build` is such a build"
            .into(),
    }
}

/// For a program; the shape is promised in docs/units.md.
fn json(builds: &[Build]) -> String {
    let builds: Vec<_> = builds
        .iter()
        .map(|build| {
            json!({
                "id": build.id, "command": build.command, "target": build.target().to_string_lossy(),
                "start": history::seconds(build.start()), "sums": build.sums(), "units": build.units,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "version": 1, "builds": builds }))
}

fn text(builds: &[Build], home: Option<&Path>) -> String {
    let heads = [
        "when", "command", "target", "units", "hits", "built", "local", "took", "saved",
    ];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(builds.iter().map(|build| row(build, home)));
    let mut out = table(&rows);
    if builds.len() > 1 {
        out.push('\n');
        out.push_str(&total(builds));
    }
    if let Some(last) = builds.last() {
        out.push_str(&reasons(last));
    }
    out
}

fn row(build: &Build, home: Option<&Path>) -> [String; 9] {
    let Sums {
        units,
        hits,
        found,
        built,
        local,
        failed,
        wall,
        saved,
        ..
    } = build.sums();
    [
        format!("{} ago", human(build.age())),
        shortened(&build.called(), 40),
        place(&build.target(), home),
        units.to_string(),
        if found > 0 {
            format!("{hits} ({found} found)")
        } else {
            hits.to_string()
        },
        if failed > 0 {
            format!("{built} ({failed} failed)")
        } else {
            built.to_string()
        },
        local.to_string(),
        human(wall),
        human(saved),
    ]
}

/// `~/project` of `/home/u/project/target`.
fn place(target: &Path, home: Option<&Path>) -> String {
    let dir = if target.ends_with("target") {
        target.parent().unwrap_or(target)
    } else {
        target
    };
    match home.and_then(|home| dir.strip_prefix(home).ok()) {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => dir.display().to_string(),
    }
}

fn shortened(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some(_) => text.chars().take(length - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// Columns of words to the left, of figures to the right.
fn table(rows: &[[String; 9]]) -> String {
    const WORDS: usize = 3;
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let mut out = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let _ = match column {
                0 => write!(out, "{cell:<width$}"),
                column if column < WORDS => write!(out, "  {cell:<width$}"),
                _ => write!(out, "  {cell:>width$}"),
            };
        }
        out.push('\n');
    }
    out
}

fn total(builds: &[Build]) -> String {
    let sums: Vec<Sums> = builds.iter().map(Build::sums).collect();
    let count = |of: fn(&Sums) -> usize| sums.iter().map(of).sum::<usize>();
    let time = |of: fn(&Sums) -> f64| human(sums.iter().map(of).sum());
    let (hits, built) = (count(|sums| sums.hits), count(|sums| sums.built));
    let rate = 100 * hits / (hits + built).max(1);
    format!(
        "{} builds: {hits} hits, {built} built ({rate} % hits), {} local; {} spent, {} saved\n",
        builds.len(),
        count(|sums| sums.local),
        time(|sums| sums.spent),
        time(|sums| sums.saved),
    )
}

/// Why the last build's units are local that are not the user's own.
fn reasons(build: &Build) -> String {
    let is_told =
        |unit: &&Entry| matches!(unit.outcome, Outcome::Local | Outcome::Failed) && !unit.is_member();
    let told: Vec<&Entry> = build.units.iter().filter(is_told).collect();
    let mut out = String::new();
    for (at, unit) in told.iter().enumerate() {
        if at == 0 {
            out.push_str("\nnot from the store in the last build:\n");
        } else if at == REASONS {
            let _ = writeln!(out, "  … and {} more", told.len() - at);
            break;
        }
        let reason = unit.reason.as_deref().unwrap_or_default();
        let reason = reason.lines().next().unwrap_or_default();
        let _ = writeln!(
            out,
            "  {} {} ({}): {reason}",
            unit.package, unit.version, unit.kind
        );
    }
    out
}
