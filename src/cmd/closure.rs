//! `cargo-nix closure`: what the environment needs, how large, and why.

use super::output::{self, colour, print};
use crate::cli::ClosureArgs;
use crate::closure::{self, Found, Graph, Report};
use crate::env::{self, system};
use crate::error::{Error, Result};
use crate::evaluator;
use crate::hook::outside;
use crate::progress::Progress;
use crate::vars::Vars;
use cargo_nix_protocol::{Answer, Ask, ClosureAsk, ClosurePath, Settings};
use std::process::ExitCode;

/// How many chains `--why` spells out.
const CHAINS: usize = 100;

pub(super) fn run(args: &ClosureArgs) -> Result<ExitCode> {
    let vars = outside::read();
    let obtained = env::obtain(&args.obtain, &vars)?;
    let mut progress = Progress::new(args.obtain.quiet);
    let paths = paths(&vars, &obtained.path, &mut progress);
    progress.finish();
    let graph = Graph::new(&obtained.path, &paths?)
        .map_err(|error| Error::EvaluatorGone(format!("the evaluator's answer is no closure: {error}")))?;
    if let Some(query) = &args.why {
        print(&why(&graph, query, args.json)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = Report::new(&graph, &obtained.env.host);
    match &args.html {
        Some(file) => output::page(file, &closure::html(&report), args.obtain.quiet)?,
        None if args.json => print(&closure::closure_json(&report))?,
        None => print(&closure::text(&report, colour(&vars)))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The closure of a store path, from the evaluator.
pub(super) fn paths(vars: &Vars, path: &str, progress: &mut Progress) -> Result<Vec<ClosurePath>> {
    let ask = Ask::Closure(ClosureAsk {
        path: path.to_owned(),
        system: system().to_owned(),
    });
    // Nothing is fetched or built to look at what is there.
    let settings = Settings {
        offline: true,
        ..Settings::default()
    };
    match evaluator::ask(vars, &settings, ask, |step| progress.event(step))? {
        Answer::Closure { paths } => Ok(paths),
        answer => Err(Error::EvaluatorGone(format!(
            "the evaluator answers another question: {answer:?}"
        ))),
    }
}

/// What `--why` prints, or which paths it could mean.
fn why(graph: &Graph, query: &str, json: bool) -> Result<String> {
    let path = |i: usize| graph.nodes[i].path.as_str();
    let message = match closure::find(graph, query) {
        Found::One(target) => {
            let why = closure::why(graph, target, CHAINS);
            return Ok(if json {
                closure::why_json(graph, &why)
            } else {
                closure::why_text(graph, &why)
            });
        }
        Found::Many(many) => {
            let list: Vec<&str> = many.into_iter().map(path).collect();
            format!(
                "`{query}` may be any of these paths; name one\n  {}",
                list.join("\n  ")
            )
        }
        Found::Nothing { nearest } if nearest.is_empty() => {
            format!("nothing in the closure is called `{query}`\n  `cargo nix closure` lists what there is")
        }
        Found::Nothing { nearest } => {
            format!(
                "nothing in the closure is called `{query}`\n  near to it: {}",
                nearest.join(", ")
            )
        }
    };
    Err(Error::Usage { message })
}
