//! Living in a shell without direnv: what a prompt does about the project that
//! the shell is in.
//!
//! ```text
//! hook of the shell: inside, or moved, or a crate-env.nix above?  -no-> no process
//!        | yes: cargo-nix prompt SHELL
//!        v
//! [turn]: project -> allowed? -> slot? -> or an older one, and a job -> what to apply
//!        |                                               |
//!   [state] in $__CARGO_NIX  <-------------------  [env/diff]: leave what is there, enter that
//! ```
//!
//! Promises: nothing is evaluated here; nothing of a project reaches the shell
//! before its user allowed that content; an environment is applied as a whole or
//! not at all; what leaving restores is the user's own, byte for byte; a message
//! is told once.

pub mod outside;
mod shelf;
pub mod state;
pub mod turn;

use clap::ValueEnum;

/// The shells that have a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// eval "$(cargo-nix hook bash)" in ~/.bashrc
    Bash,
    /// eval "$(cargo-nix hook zsh)" in ~/.zshrc
    Zsh,
    /// cargo-nix hook fish | source, in config.fish
    Fish,
    /// cargo-nix hook nu | save --force FILE, where nushell loads it from
    Nu,
    /// eval (cargo-nix hook elvish | slurp), in rc.elv
    Elvish,
}

impl Shell {
    /// What the shell reads once, when it starts.
    pub fn hook(self) -> &'static str {
        match self {
            Shell::Bash => include_str!("../../shell-hooks/hook.bash"),
            Shell::Zsh => include_str!("../../shell-hooks/hook.zsh"),
            Shell::Fish => include_str!("../../shell-hooks/hook.fish"),
            Shell::Nu => include_str!("../../shell-hooks/hook.nu"),
            Shell::Elvish => include_str!("../../shell-hooks/hook.elv"),
        }
    }
}
