//! Dispatch: one file per verb.

mod allow;
mod background;
mod closure;
mod config;
mod develop;
mod direnv;
mod doctor;
mod env;
mod environ;
mod exec;
mod fetch;
mod gc;
mod hook;
mod init;
mod misspelled;
mod output;
mod prompt;
mod start;
mod stats;
mod status;
mod why;
mod wrapper;

pub use wrapper::WRAPPER;

use crate::cli::{Cli, DirenvArgs, DirenvExportArgs, DirenvVerb, Verb};
use clap::{Args, Command, Parser};
use std::ffi::OsString;
use std::process::ExitCode;

/// Parses the command line, runs the verb, prints the error if there is one.
///
/// `cargo nix env` calls us as `cargo-nix nix env`: that first word is dropped.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if let Some(code) = wrapper::run(&args) {
        return code;
    }
    if args.get(1).is_some_and(|word| word == "nix") {
        args.remove(1);
    }
    let parse =
        |args| Cli::try_parse_from(args).unwrap_or_else(|error| misspelled::with_nearest(error).exit());
    let verb = hot_verb(&args).unwrap_or_else(|| parse(args).verb);
    let result = match verb {
        Verb::Env(args) => env::run(&args),
        Verb::Closure(args) => closure::run(&args),
        Verb::Gc(args) => gc::run(&args),
        Verb::Init(args) => init::run(&args),
        Verb::Doctor(args) => doctor::run(&args),
        Verb::Exec(args) => exec::run(&args),
        Verb::Develop(args) => develop::run(&args),
        Verb::Hook(args) => hook::run(&args),
        Verb::Allow(args) => allow::allow(&args),
        Verb::Deny(args) => allow::deny(&args),
        Verb::Prompt(args) => prompt::run(&args),
        Verb::Status(args) => status::run(&args),
        Verb::Stats(args) => stats::run(&args),
        Verb::Why(args) => why::run(&args),
        Verb::Fetch(args) => fetch::run(&args),
        Verb::Config(args) => config::run(&args),
        Verb::Direnv(args) => direnv::run(&args),
        Verb::Environ(args) => environ::run(&args),
        Verb::Background(args) => background::run(&args),
        Verb::Fill(args) => background::fill(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            crate::say!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// The verbs that shells wait for, parsed without building the command line of
/// all the others, which is a tenth of what a hit costs. `None` for whatever is
/// not simply right: to tell why is for [`Cli`].
fn hot_verb(args: &[OsString]) -> Option<Verb> {
    let words = args.get(1..)?;
    match words.first()?.to_str()? {
        "env" => parsed(words).map(Verb::Env),
        "prompt" => parsed(words).map(Verb::Prompt),
        "direnv" if words.get(1)? == "export" => load(&words[1..]).map(|load| {
            Verb::Direnv(DirenvArgs {
                verb: DirenvVerb::Export(load),
            })
        }),
        _ => None,
    }
}

fn parsed<A: Args>(words: &[OsString]) -> Option<A> {
    matches::<A>(Command::new("cargo-nix"), words).ok()
}

fn matches<A: Args>(command: Command, words: &[OsString]) -> Result<A, clap::Error> {
    A::from_arg_matches(&A::augment_args(command).try_get_matches_from(words)?)
}

/// What an .envrc asks for, and what is wrong about that.
fn load(words: &[OsString]) -> Option<DirenvExportArgs> {
    let command = || Command::new("cargo-nix");
    let fault = match matches(command(), words) {
        Ok(load) => return Some(load),
        Err(error) if error.use_stderr() => error.to_string(),
        Err(_) => return None,
    };
    // Not even with errors ignored is a word without a letter (`"$UNSET"`) taken.
    let words: Vec<OsString> = words.iter().filter(|word| !word.is_empty()).cloned().collect();
    let load: DirenvExportArgs = matches(command().ignore_errors(true), &words).ok()?;
    let line = fault.lines().next().unwrap_or_default();
    Some(DirenvExportArgs {
        fault: Some(line.strip_prefix("error: ").unwrap_or(line).to_owned()),
        ..load
    })
}
