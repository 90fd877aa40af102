//! `cargo-nix doctor`: what is there, what is missing, how to mend it.
//!
//! Promises: nothing is changed but for a file made and removed in the cache;
//! every finding that is not `ok` says the way out. Exit code 0 if an
//! environment can be had, 1 if something needed is missing.

mod machine;
mod pins;
mod project;
mod shell;

use super::output;
use crate::cli::DoctorArgs;
use crate::error::Result;
use crate::hook::outside;
use serde::Serialize;
use std::fmt::Write as _;
use std::process::ExitCode;

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// It is there.
    Ok,
    /// It is not, and can be done without.
    Absent,
    /// It is not, and nothing works without it.
    Missing,
}

/// One finding.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    /// What was looked at; stable, for programs.
    name: &'static str,
    state: State,
    /// What was found, in a line or a few.
    found: String,
    /// What to do about it, unless `state` is ok.
    way_out: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Check {
        Check {
            name,
            state: State::Ok,
            found: found.into(),
            way_out: None,
        }
    }

    fn absent(name: &'static str, found: impl Into<String>, way_out: impl Into<String>) -> Check {
        Check {
            name,
            state: State::Absent,
            found: found.into(),
            way_out: Some(way_out.into()),
        }
    }

    fn missing(name: &'static str, found: impl Into<String>, way_out: impl Into<String>) -> Check {
        Check {
            name,
            state: State::Missing,
            found: found.into(),
            way_out: Some(way_out.into()),
        }
    }
}

pub(super) fn run(args: &DoctorArgs) -> Result<ExitCode> {
    let vars = outside::read();
    let mut checks = machine::checks(&vars);
    let (project, found) = project::checks(args.project.as_deref(), &vars)?;
    checks.extend(machine::host(&vars, project.as_ref()));
    checks.extend(shell::checks(&vars));
    checks.extend(found);
    let usable = checks.iter().all(|check| check.state != State::Missing);
    let text = if args.json {
        let json = serde_json::json!({ "usable": usable, "checks": checks });
        format!("{json:#}\n")
    } else {
        render(&checks, usable)
    };
    output::print(&text)?;
    Ok(if usable {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A line for each finding, the way out below it.
fn render(checks: &[Check], usable: bool) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let state = match check.state {
            State::Ok => "ok",
            State::Absent => "absent",
            State::Missing => "MISSING",
        };
        let indent = format!("\n{:1$}", "", width + 11);
        let _ = writeln!(
            text,
            "{state:<8} {:<width$}  {}",
            check.name,
            check.found.replace('\n', &indent)
        );
        if let Some(way_out) = &check.way_out {
            let _ = writeln!(text, "{}-> {}", &indent[1..], way_out.replace('\n', &indent));
        }
    }
    let missing = checks
        .iter()
        .filter(|check| check.state == State::Missing)
        .count();
    text.push_str(&match (usable, missing) {
        (true, _) => "\ncargo-nix can be used here\n".to_string(),
        (false, 1) => "\none thing that is needed is missing\n".to_string(),
        (false, n) => format!("\n{n} things that are needed are missing\n"),
    });
    text
}
