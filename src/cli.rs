//! The command line, as clap types and nothing else, so that completions and
//! man pages come from it.
#![allow(
    rustdoc::invalid_html_tags,
    reason = "the comments here are help texts: <nixpkgs> is meant"
)]

use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// The environment of a Rust project, from crate-env.nix.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-nix",
    bin_name = "cargo-nix",
    version,
    about,
    max_term_width = 100
)]
pub struct Cli {
    /// What is wanted.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs; `src/cmd` has one file for each.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Print the environment of the project
    Env(EnvArgs),
    /// List what the environment needs, with sizes and reasons
    Closure(ClosureArgs),
    /// Drop the environments that were not used lately
    Gc(GcArgs),
    /// Write crate-env.nix and .envrc for a project; what exists is left as it is
    Init(InitArgs),
    /// Say what is there, what is missing, and how to mend it
    Doctor(DoctorArgs),
    /// Run a command inside the environment
    Exec(ExecArgs),
    /// Start a shell inside the environment, with the shellHook
    Develop(DevelopArgs),
    /// Print the hook of a shell, which enters and leaves environments at the prompt
    Hook(HookArgs),
    /// Let prompts, jobs and editors evaluate what a project says now
    Allow(AllowArgs),
    /// Take that permission back
    Deny(TrustArgs),
    /// Say what the last builds took from the store, and what that saved
    Stats(StatsArgs),
    /// Say why a unit was built again: which of its inputs changed
    Why(WhyArgs),
    /// Bring the sources of a whole Cargo.lock into the store, and link cargo's to them
    Fetch(FetchArgs),
    /// Write what the environment sets for cargo into .cargo/config.toml, or take it out again
    Config(ConfigArgs),
    /// Print what a prompt changes; for the hooks
    #[command(hide = true)]
    Prompt(PromptArgs),
    /// Say whether the environment is there, and what the background does about it
    Status(StatusArgs),
    /// Serve direnv: install the extension that `use cargo-nix` needs, or print it
    Direnv(DirenvArgs),
    /// Write the variables of this process to a file
    #[command(hide = true)]
    Environ(EnvironArgs),
    /// Fill the slot of the project's environment while nobody waits
    #[command(hide = true)]
    Background(BackgroundArgs),
    /// Obtain the environment, print nothing but progress
    #[command(hide = true)]
    Fill(FillArgs),
}

/// How an environment is obtained; common to most verbs.
#[derive(Args, Clone, Debug, Default)]
pub struct ObtainArgs {
    /// The project's directory [default: the current one, upwards]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Let the evaluation read what is not part of the project: <nixpkgs>, absolute paths, variables
    #[arg(long)]
    pub impure: bool,
    /// Use what is in the store, fetch nothing
    #[arg(long)]
    pub offline: bool,
    /// Show the whole trace of an evaluation error
    #[arg(long)]
    pub show_trace: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Take the environment from this dump (the store path of one) and evaluate
    /// nothing: what was printed once can be had again, and looked into
    #[arg(long, value_name = "FILE", hide = true)]
    pub dump: Option<PathBuf>,
}

/// `cargo-nix env`.
#[derive(Args, Clone, Debug)]
pub struct EnvArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub obtain: ObtainArgs,
    /// Print it (the default, for the record in scripts)
    #[arg(long)]
    pub print: bool,
    /// In which language
    ///
    /// eval "$(cargo-nix env --print)"                    (sh, bash, zsh)
    /// cargo-nix env --format fish | source
    /// cargo-nix env --format nu | from json | load-env
    /// eval (cargo-nix env --format elvish | slurp)
    #[arg(long, value_enum, default_value_t, verbatim_doc_comment)]
    pub format: crate::env::Format,
}

/// `cargo-nix closure`.
#[derive(Args, Clone, Debug)]
pub struct ClosureArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub obtain: ObtainArgs,
    /// Why a path is there: a store path, a name, or its beginning
    #[arg(long, value_name = "PATH", conflicts_with = "html")]
    pub why: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "html")]
    pub json: bool,
    /// Write a page with a treemap to FILE
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `cargo-nix gc`.
#[derive(Args, Clone, Debug)]
pub struct GcArgs {
    /// Say what would go, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Run Nix's own collector afterwards
    #[arg(long)]
    pub collect: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// `cargo-nix init`.
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    /// The project's directory [default: the current one]
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// `cargo-nix doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// The project's directory [default: the current one, upwards]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// As JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// `cargo-nix exec`.
#[derive(Args, Clone, Debug)]
pub struct ExecArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub obtain: ObtainArgs,
    /// The command, looked up in the environment's PATH, and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub command: Vec<OsString>,
}

/// `cargo-nix develop`.
#[derive(Args, Clone, Debug)]
pub struct DevelopArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub obtain: ObtainArgs,
    /// Run a command after the shellHook instead of a shell
    #[arg(long, short, requires = "argv")]
    pub command: bool,
    /// The shell and its arguments [default: $SHELL]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "SHELL")]
    pub argv: Vec<OsString>,
}

/// `cargo-nix environ`.
#[derive(Args, Clone, Debug)]
pub struct EnvironArgs {
    /// Where to
    pub file: PathBuf,
}

/// `cargo-nix hook` and `cargo-nix prompt`.
#[derive(Args, Clone, Debug)]
pub struct HookArgs {
    /// Which shell
    ///
    /// eval "$(cargo-nix hook bash)"         (bash, zsh)
    /// cargo-nix hook fish | source
    /// cargo-nix hook nu | save --force FILE
    /// eval (cargo-nix hook elvish | slurp)
    #[arg(value_enum, verbatim_doc_comment)]
    pub shell: crate::hook::Shell,
}

/// `cargo-nix prompt`.
#[derive(Args, Clone, Debug)]
pub struct PromptArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: crate::hook::Shell,
    /// The hook has `__cargo_nix_check`, which finds variables that cannot be set
    #[arg(long)]
    pub checks: bool,
    /// What it has found, now or at an earlier prompt, with a comma behind each
    #[arg(long, value_name = "NAMES")]
    pub kept: Option<String>,
}

/// `cargo-nix allow`.
#[derive(Args, Clone, Debug)]
pub struct AllowArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: TrustArgs,
    /// Show what there is to allow, and allow nothing
    #[arg(long)]
    pub show: bool,
    /// Show all lines of long files, and all of long lines
    #[arg(long)]
    pub full: bool,
}

/// `cargo-nix deny`.
#[derive(Args, Clone, Debug)]
pub struct TrustArgs {
    /// The project's directory [default: the current one, upwards]
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// The same, as other verbs take it
    #[arg(long, value_name = "DIR", conflicts_with = "directory")]
    pub project: Option<PathBuf>,
}

/// `cargo-nix status`.
#[derive(Args, Clone, Debug)]
pub struct StatusArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub obtain: ObtainArgs,
    /// Say it again at each change, until the environment is there or failed
    #[arg(long)]
    pub watch: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// `cargo-nix background`.
#[derive(Args, Clone, Debug)]
pub struct BackgroundArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub obtain: ObtainArgs,
    /// Somebody else has asked the user already
    #[arg(long)]
    pub allowed: bool,
}

/// `cargo-nix fill`.
#[derive(Args, Clone, Debug)]
pub struct FillArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub obtain: ObtainArgs,
    /// Evaluate nothing but the inputs of this digest
    #[arg(long, value_name = "HEX")]
    pub digest: Option<blake3::Hash>,
}

/// `cargo-nix stats`.
#[derive(Args, Clone, Debug)]
pub struct StatsArgs {
    /// Only builds of target directories below DIR
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// How many builds, the last ones
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub last: usize,
    /// Print JSON, with every unit
    #[arg(long, conflicts_with = "html")]
    pub json: bool,
    /// Write a page with the timeline of the last build to FILE
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `cargo-nix why`.
#[derive(Args, Clone, Debug)]
pub struct WhyArgs {
    /// A package (serde, serde@1.0.203) or the name of a file in target/ (libserde-0123.rlib)
    #[arg(value_name = "UNIT")]
    pub unit: String,
    /// Only builds of target directories below DIR
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `cargo-nix fetch`.
#[derive(Args, Clone, Debug)]
pub struct FetchArgs {
    /// A directory of the cargo workspace [default: the current one]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Use what cargo has downloaded, fetch nothing
    #[arg(long)]
    pub offline: bool,
    /// Say nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// `cargo-nix config`.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["write", "remove", "print"]))]
pub struct ConfigArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub obtain: ObtainArgs,
    /// Write it into the project's .cargo/config.toml; what is there stays
    #[arg(long)]
    pub write: bool,
    /// Take out what --write put there, and nothing else
    #[arg(long)]
    pub remove: bool,
    /// Show it, change nothing
    #[arg(long)]
    pub print: bool,
}

/// `cargo-nix direnv`.
#[derive(Args, Clone, Debug)]
pub struct DirenvArgs {
    /// What for.
    #[command(subcommand)]
    pub verb: DirenvVerb,
}

/// What `cargo-nix direnv` can do.
#[derive(Clone, Debug, Subcommand)]
pub enum DirenvVerb {
    /// Put the extension into direnv's lib directory
    Install,
    /// Print the extension, for `eval "$(cargo-nix direnv stdlib)"` in an .envrc
    Stdlib,
    /// What `use cargo-nix` evaluates
    #[command(hide = true)]
    Export(DirenvExportArgs),
}

/// `cargo-nix direnv export`: the arguments of `use cargo-nix`, and what the
/// extension adds to them.
#[derive(Args, Clone, Debug)]
pub struct DirenvExportArgs {
    /// The project's directory [default: the current one, upwards]
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Let the evaluation read what is not part of the project
    #[arg(long)]
    pub impure: bool,
    /// Use what is in the store, fetch nothing
    #[arg(long)]
    pub offline: bool,
    /// Wait until the environment is there, instead of going on without it
    #[arg(long)]
    pub wait: bool,
    /// Process id of the direnv that loads the .envrc
    #[arg(long, value_name = "PID", hide = true)]
    pub direnv: Option<i32>,
    /// This direnv has `require_allowed`
    #[arg(long, hide = true)]
    pub can_require: bool,
    /// The inputs of this digest are allowed: it was asked for them a moment ago
    #[arg(long, value_name = "HEX", hide = true)]
    pub required: Option<blake3::Hash>,
    /// What is wrong about what the .envrc says
    #[arg(skip)]
    pub fault: Option<String>,
}
