//! cargo-nix: the environment of a Rust project, from `crate-env.nix`.
//!
//! The rooms, in the order in which data passes them (arrows run downwards
//! only; ARCHITECTURE.md has the picture):
//!
//! - [`cli`], [`cmd`]: what was asked; one file per verb
//! - [`mod@env`]: an environment, obtained and rendered
//! - [`evaluator`]: the conversation with `cargo-nix-eval`
//! - [`progress`]: what is going on, for a user who waits
//! - [`background`]: evaluating and building while nobody waits
//! - [`hook`]: what a prompt does about the project that its shell is in
//! - [`trust`]: which contents may be evaluated without being asked for
//! - [`build`]: stock cargo, artifacts from the store
//! - [`cache`]: slots of realised environments, by key
//! - [`gc`]: what the cache no longer needs
//! - [`host`]: the host set: what this machine itself provides
//! - [`inputs`]: the input set of a project, its key, its snapshot
//! - [`cargo_lock`]: the little that is asked of a Cargo.lock
//! - [`library`], [`nar`]: our Nix expressions, written out; NAR hashes
//! - [`project`]: where a project begins and which layers it has
//! - [`snippet`]: a place in a file, as a user is shown it
//! - [`mod@say`]: sentences on standard error that cannot fail or act on a terminal
//! - [`sealed`]: files that check out, or count as absent
//! - [`vars`], [`error`]: environment variables and faults

#![deny(clippy::print_stderr)]

pub mod background;
pub mod bounded;
pub mod build;
pub mod cache;
pub mod cargo_lock;
pub mod cli;
pub mod closure;
pub mod cmd;
pub mod env;
pub mod error;
pub mod evaluator;
pub mod gc;
pub mod hook;
pub mod host;
pub mod inputs;
pub mod library;
pub mod nar;
pub mod progress;
pub mod project;
pub mod say;
pub mod sealed;
pub mod snippet;
pub mod trust;
pub mod vars;
