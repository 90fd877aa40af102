//! cargo-nix-eval.

fn main() {}
