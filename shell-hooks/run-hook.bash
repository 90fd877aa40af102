# shellcheck shell=bash
# What `cargo-nix develop` runs for shells that are not bash, and for commands:
#   bash -c "$(cat run-hook.bash)" bash HOOK CARGO-NIX FILE
# sources the shellHook in HOOK, then has CARGO-NIX write the exported
# variables to FILE. The exec keeps SHLVL as it is.
# shellcheck source=/dev/null
__cargo_nix_hook=$1 __cargo_nix_dump=(environ "$3") __cargo_nix=$2
set --
\builtin . "$__cargo_nix_hook"
# With extglob, which the hook may have set itself.
case $? in 0) ;; *) "$BASH" -O extglob -n "$__cargo_nix_hook" 2>/dev/null || \builtin exit 2 ;; esac
\builtin exec "$__cargo_nix" "${__cargo_nix_dump[@]}"
