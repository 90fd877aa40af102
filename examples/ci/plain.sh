#!/bin/sh
# For any runner: the environment for the rest of this script. On CI cargo-nix
# waits until it is there, and a failure ends the script.
# What is worth keeping from run to run: ${XDG_CACHE_HOME:-$HOME/.cache}/cargo-nix
# and the store; neither HOME nor a terminal is needed.
set -eu
environment=$(cargo-nix env --print)
eval "$environment"

cargo build --locked
cargo test --locked
