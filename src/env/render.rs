//! An environment in the language of a shell or a runner.

use clap::ValueEnum;

/// The languages that `cargo-nix env --format` speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// POSIX sh, bash 3.2 and later, zsh
    #[default]
    Sh,
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// nushell, for `load-env`
    Nu,
    /// elvish
    Elvish,
    /// one JSON object, variables to values
    Json,
    /// NAME="value" lines
    Dotenv,
    /// append to $GITHUB_ENV and $GITHUB_PATH
    Github,
}
