# shellcheck shell=bash
# What `cargo-nix direnv export` has direnv's bash read instead of the variables,
# if the .envrc has declared some of them ("$@": all) as what takes no text.
for __cargo_nix_name in "$@"; do
    shift
    # That they are exported says nothing.
    case $(declare -p "$__cargo_nix_name" 2>/dev/null) in
    "declare -- "* | "declare -x "* | "") ;;
    *) set -- "$@" "$__cargo_nix_name" ;;
    esac
done
__cargo_nix_failed "cargo-nix: the environment is not applied: this .envrc has declared $* before \`use cargo-nix\` (readonly, or as no plain text)
  name it otherwise in crate-env.nix, or declare it after \`use cargo-nix\`"
