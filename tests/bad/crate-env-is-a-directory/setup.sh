# Run in the project's directory before cargo-nix.
rm crate-env.nix
mkdir crate-env.nix
