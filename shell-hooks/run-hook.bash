# shellcheck shell=bash
# What `cargo-nix develop` runs for shells that are not bash, and for commands:
#   bash -c "$(cat run-hook.bash)" bash HOOK CARGO-NIX FILE
# sources the shellHook in HOOK, then has CARGO-NIX write the exported
# variables to FILE. The exec keeps SHLVL as it is.
# shellcheck source=/dev/null
__cargo_nix_hook=$1 __cargo_nix_dump=(environ "$3") __cargo_nix=$2
set --
\builtin . "$__cargo_nix_hook"
\builtin exec "$__cargo_nix" "${__cargo_nix_dump[@]}"
