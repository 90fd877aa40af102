//! The conversation with `cargo-nix-eval`.

use cargo_nix_protocol::Failure;

/// A failure as the user is shown it: what we were doing, the message, the
/// place with its source line and a caret, the way out.
pub fn describe(failure: &Failure) -> String {
    format!("{}: {}", failure.doing, failure.message)
}
