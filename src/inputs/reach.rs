//! What a path is to a discovery, and why it is looked at.

use super::scan::Sweep;

/// Why a path is looked at. A file is read again if a later reason is stronger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// An expression names it: faults are errors.
    pub(super) named: bool,
    pub(super) looks: Looks,
}

/// Whether an expression may look at the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Looks {
    /// No environment is made of it.
    #[default]
    Free,
    /// One may be, or of a part of it: not where the evaluation would not say so.
    NotUnseen,
    /// crate-env.nix leads to it.
    Never,
}

impl Reach {
    pub(super) fn with(self, other: Reach) -> Reach {
        Reach {
            named: self.named || other.named,
            looks: self.looks.max(other.looks),
        }
    }

    /// Of what may not be wanted: faults are no errors.
    pub(super) fn perhaps(self) -> Reach {
        Reach {
            named: false,
            looks: self.looks.min(Looks::NotUnseen),
        }
    }
}

/// What a path is to us.
#[derive(Clone, Copy)]
pub(super) enum What {
    /// Whatever it is: a literal.
    Any,
    /// An expression: a directory stands for its default.nix.
    Import,
    /// A flake.nix: the environment is made of it if it has the output `cargoNix`.
    Flake,
    /// Data.
    Plain,
    /// A directory in one that counts.
    Within(Sweep),
}
