# Run in the project's directory before cargo-nix.
mkfifo pipe
