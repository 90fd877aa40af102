# Run in the project's directory before cargo-nix.
mkdir data
: >"data/$(printf 'a\377')"
