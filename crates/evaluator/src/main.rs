//! cargo-nix-eval: requests on standard input, events on standard output.

fn main() -> std::process::ExitCode {
    cargo_nix_evaluator::serve::main()
}
