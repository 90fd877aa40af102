# shellcheck shell=bash disable=SC2154
# Read by the bash of `cargo-nix develop` instead of ~/.bashrc. Lines that come
# before this one, written for each start, set:
#   __cargo_nix_rcfile       this file, which is of no use any more
#   __cargo_nix_environment  what sets the variables again: ~/.bashrc may have
#                            put other directories before ours on PATH
#   __cargo_nix_hook         the project's shellHook
\builtin command rm -f -- "$__cargo_nix_rcfile"
if [ -r ~/.bashrc ]; then
    # shellcheck source=/dev/null
    \builtin . ~/.bashrc
fi
\builtin eval "$__cargo_nix_environment"
# The hook comes last, with nothing of ours left for it to see.
\builtin eval "\\builtin unset __cargo_nix_rcfile __cargo_nix_environment __cargo_nix_hook
$__cargo_nix_hook"
