# Run in the project's directory before cargo-nix.
rm crate-env.nix
ln -s crate-env.nix crate-env.nix
