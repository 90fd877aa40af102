//! `cargo-nix why`: why a unit was built again, or why it is local.

mod words;

use super::output::print;
use crate::build::compare::{self, Change};
use crate::build::history::{self, Build, human};
use crate::build::index::Index;
use crate::build::journal::{Entry, Outcome};
use crate::build::timeline;
use crate::cli::WhyArgs;
use crate::error::{Error, Result};
use crate::vars::Vars;
use cargo_nix_protocol::UnitAsk;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// A unit of the last build that had it, and what came before.
#[derive(Serialize)]
struct Told<'a> {
    unit: &'a Entry,
    /// The unit that it is compared with.
    before: Option<&'a Entry>,
    changes: Option<Vec<Change>>,
}

pub(super) fn run(args: &WhyArgs) -> Result<ExitCode> {
    let vars = Vars::read();
    let cache = vars.cache_dir()?;
    let index = Index::below(&cache);
    let mut builds = history::read(&cache);
    if let Some(project) = &args.project {
        let project = project.canonicalize().map_err(Error::of_directory(project))?;
        builds.retain(|build| build.target().starts_with(&project));
    }
    let wanted = Wanted::parse(&args.unit);
    let (at, units) = latest(&builds, &wanted).ok_or_else(|| unknown(&args.unit, &builds))?;
    let plan_of = |path: &str| index.plan_of(path);
    let told: Vec<Told> = units
        .iter()
        .map(|unit| explain(unit, &builds[at], &builds[..at], &plan_of))
        .collect();
    if args.json {
        print(&format!(
            "{:#}\n",
            serde_json::json!({ "version": 1, "units": told })
        ))?;
    } else {
        let build = &builds[at];
        let mut out = String::new();
        for told in &told {
            let _ = writeln!(
                out,
                "{} {}, in `{}` {} ago",
                timeline::label(told.unit),
                words::became(told.unit),
                build.called(),
                human(build.age()),
            );
            words::text(told, &mut out);
        }
        print(&crate::say::printable(&out))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked for: a package, one version of it, or a file.
struct Wanted {
    name: String,
    version: Option<String>,
}

impl Wanted {
    fn parse(text: &str) -> Wanted {
        let base = text.rsplit('/').next().unwrap_or(text);
        match base.split_once('@') {
            Some((name, version)) => Wanted {
                name: name.into(),
                version: Some(version.into()),
            },
            None => Wanted {
                name: base.into(),
                version: None,
            },
        }
    }

    fn is(&self, unit: &Entry) -> bool {
        let is_file = || {
            let stem = self.name.split('.').next().unwrap_or_default();
            stem == unit.stem || stem.strip_prefix("lib") == Some(&unit.stem)
        };
        match &self.version {
            Some(version) => unit.package == self.name && unit.version == *version,
            None => unit.package == self.name || unit.stem == self.name || is_file(),
        }
    }
}

/// The last build that had such units.
fn latest<'a>(builds: &'a [Build], wanted: &Wanted) -> Option<(usize, Vec<&'a Entry>)> {
    builds.iter().enumerate().rev().find_map(|(at, build)| {
        let units: Vec<&Entry> = build.units.iter().filter(|unit| wanted.is(unit)).collect();
        (!units.is_empty()).then_some((at, units))
    })
}

fn unknown(name: &str, builds: &[Build]) -> Error {
    let known: BTreeSet<&str> = builds
        .iter()
        .flat_map(|build| build.units.iter().map(|unit| unit.package.as_str()))
        .collect();
    let near = known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(likeness, _)| *likeness > 0.8);
    let way = near.map_or_else(
        || "a package's name, name@version, or the name of a file in target/ is what it takes".into(),
        |(_, near)| format!("did you mean {near}?"),
    );
    Error::Usage {
        message: format!("no build that is remembered had a unit {name}\n  {way}"),
    }
}

fn explain<'a>(unit: &'a Entry, build: &Build, before: &'a [Build], plan_of: compare::PlanOf) -> Told<'a> {
    let new = unit.path.as_deref().and_then(plan_of);
    let (earlier, changes) = new
        .and_then(|new| nearest(unit, &new, build, before, plan_of))
        .map_or((None, None), |(earlier, changes)| (Some(earlier), Some(changes)));
    Told {
        unit,
        before: earlier,
        changes,
    }
}

/// How far from a unit another is, the most telling first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    /// The same unit, and it was not there before, or was built beside.
    is_itself: bool,
    other_target: bool,
    other_profile: bool,
    other_version: bool,
    other_stem: bool,
    /// How many builds ago, in the same target directory.
    ago: usize,
}

/// The unit of an earlier build that this one is to be compared with: in its own
/// target directory what was there last, in another what comes closest.
fn nearest<'a>(
    unit: &Entry,
    new: &UnitAsk,
    build: &Build,
    before: &'a [Build],
    plan_of: compare::PlanOf,
) -> Option<(&'a Entry, Vec<Change>)> {
    let is_like =
        |other: &Entry| (&other.package, &other.kind, other.check) == (&unit.package, &unit.kind, unit.check);
    let distance = |ago: usize, earlier: &Build, other: &Entry| {
        let other_target = other.target() != unit.target();
        let was_there = unit.outcome == Outcome::Hit && earlier.end() < build.start();
        Distance {
            is_itself: other.path == unit.path && !was_there,
            other_target,
            other_profile: profile(other) != profile(unit),
            other_version: other.version != unit.version,
            other_stem: other.stem != unit.stem,
            ago: if other_target { 0 } else { ago },
        }
    };
    let mut best: Option<Distance> = None;
    let mut found: Vec<(&Entry, UnitAsk)> = Vec::new();
    for (ago, earlier) in before.iter().rev().enumerate() {
        for other in earlier.units.iter().rev().filter(|other| is_like(other)) {
            let distance = distance(ago, earlier, other);
            if best.as_ref().is_some_and(|best| *best < distance)
                || found.iter().any(|(found, _)| found.path == other.path) && best.as_ref() == Some(&distance)
            {
                continue;
            }
            let Some(plan) = other.path.as_deref().and_then(plan_of) else {
                continue;
            };
            if best.as_ref() != Some(&distance) {
                found.clear();
            }
            best = Some(distance);
            found.push((other, plan));
        }
    }
    found
        .into_iter()
        .map(|(other, old)| (other, compare::plans(&old, new, plan_of)))
        .min_by_key(|(_, changes)| changes.len())
}

/// `release`, `x86_64-unknown-linux-gnu/debug`: where a unit is in its target directory.
fn profile(unit: &Entry) -> PathBuf {
    let target = unit.target();
    let below = unit.dir.strip_prefix(&target).unwrap_or(&unit.dir);
    let parts = below.components().map(|part| part.as_os_str());
    parts
        .take_while(|part| *part != "deps" && *part != "build")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(target: &str, outcome: Outcome, path: &str, start: u64) -> Entry {
        Entry {
            outcome,
            package: "x".into(),
            version: "1.0.0".into(),
            kind: "lib".into(),
            check: false,
            stem: format!("x-{target}"),
            dir: format!("/{target}/debug/deps").into(),
            start,
            took: Some(10),
            before: None,
            cost: None,
            path: Some(path.into()),
            source: None,
            reason: None,
        }
    }

    fn build(unit: Entry) -> Build {
        Build {
            id: unit.start.to_string(),
            command: Vec::new(),
            units: vec![unit],
        }
    }

    /// The arguments by which the last of these units is another.
    fn told(units: &[(&str, Outcome, &str, u64)]) -> Option<Vec<String>> {
        let plan_of = |path: &str| {
            Some(UnitAsk {
                name: "x-1.0.0".into(),
                system: String::new(),
                script: String::new(),
                arguments: path.chars().map(String::from).collect(),
                variables: std::collections::BTreeMap::default(),
                inputs: Vec::new(),
                root: None,
            })
        };
        let builds: Vec<Build> = units
            .iter()
            .map(|(target, outcome, path, start)| build(entry(target, *outcome, path, *start)))
            .collect();
        let (last, before) = builds.split_last().unwrap();
        let changes = explain(&last.units[0], last, before, &plan_of).changes?;
        Some(
            changes
                .into_iter()
                .flat_map(|change| match change {
                    Change::Argument { old, new } => {
                        let gone = old.into_iter().map(|word| format!("-{word}"));
                        new.into_iter().chain(gone).collect()
                    }
                    other => vec![format!("{other:?}")],
                })
                .collect(),
        )
    }

    #[test]
    fn a_unit_is_compared_with_what_was_there_before_it_and_not_with_what_is_built_beside() {
        use Outcome::{Built, Hit};
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        // Two checkouts at once, with a flag that is new.
        let first = ("t1", Built, "a", 0);
        assert_eq!(
            told(&[first, ("t2", Built, "ab", 100), ("t3", Built, "ab", 105)]),
            words(&["b"])
        );
        assert_eq!(
            told(&[first, ("t2", Built, "ab", 100), ("t3", Hit, "ab", 105)]),
            words(&["b"])
        );
        // What was the same before, and was there, is the same.
        assert_eq!(
            told(&[first, ("t2", Built, "ab", 100), ("t3", Hit, "ab", 200)]),
            words(&[])
        );
        // In the same directory, what was there last counts: a flag that came and went.
        assert_eq!(
            told(&[first, ("t1", Built, "abc", 100), ("t1", Hit, "a", 200)]),
            words(&["-b", "-c"])
        );
        assert_eq!(told(&[first, ("t1", Hit, "a", 200)]), words(&[]));
        // Collected meanwhile: nothing else is known of it.
        assert_eq!(told(&[first, ("t1", Built, "a", 200)]), words(&[]));
        assert_eq!(told(&[first]), None);
    }
}
