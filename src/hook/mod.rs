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

use crate::env::render;
use clap::ValueEnum;

/// Stands in a hook once, for the path of the program.
const PROGRAM: &str = "@CARGO_NIX@";

/// The shells that have a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// read in ~/.bashrc
    Bash,
    /// read in ~/.zshrc
    Zsh,
    /// read in config.fish
    Fish,
    /// saved where nushell loads files from
    Nu,
    /// read in rc.elv
    Elvish,
}

impl Shell {
    /// What the shell reads once, when it starts: it starts `program` by this path.
    pub fn hook(self, program: &str) -> Vec<u8> {
        let mut quoted = Vec::new();
        render::quote_for(self, program, &mut quoted);
        let (before, after) = self.around();
        [before.as_bytes(), &quoted, after.as_bytes()].concat()
    }

    /// The word that names the program in the text of a hook, if that is the hook of
    /// this version.
    pub fn word_in(self, hook: &str) -> Option<&str> {
        let (before, after) = self.around();
        hook.strip_prefix(before)?.strip_suffix(after)
    }

    /// The hook before and after the word that names the program. nushell's file has
    /// that between quotes, as it has to parse.
    fn around(self) -> (&'static str, &'static str) {
        let text = self.template();
        let (before, after) = text.split_once(PROGRAM).expect("each hook names it");
        match (before.strip_suffix('"'), after.strip_prefix('"')) {
            (Some(before), Some(after)) => (before, after),
            _ => (before, after),
        }
    }

    /// The hook in the shell's own language.
    fn template(self) -> &'static str {
        match self {
            Shell::Bash => include_str!("../../shell-hooks/hook.bash"),
            Shell::Zsh => include_str!("../../shell-hooks/hook.zsh"),
            Shell::Fish => include_str!("../../shell-hooks/hook.fish"),
            Shell::Nu => include_str!("../../shell-hooks/hook.nu"),
            Shell::Elvish => include_str!("../../shell-hooks/hook.elv"),
        }
    }
}
