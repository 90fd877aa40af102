# shellcheck shell=bash
# What `cargo-nix direnv export` has direnv's bash read instead of the variables,
# if the .envrc has declared some of them ("$@": all) as what takes no text. Only
# bash 4.4 and later comes here.
for __cargo_nix_name in "$@"; do
    shift
    # The name alone is said of those that are not plain.
    case ${!__cargo_nix_name+${!__cargo_nix_name@a}} in *[!x]*) set -- "$@" "$__cargo_nix_name" ;; esac
done
__cargo_nix_failed "cargo-nix: the environment is not applied: this .envrc has declared $* before \`use cargo-nix\` (readonly, or as no plain text)
  name it otherwise in crate-env.nix, or declare it after \`use cargo-nix\`"
