# Run in the project's directory before cargo-nix.
echo '{ }' >../environment.nix
