# shellcheck shell=bash
# direnv's `use cargo-nix [DIR] [--impure] [--offline] [--wait]`: the environment
# of the project in DIR (default: here, upwards). For bash 3.2 and later, direnv
# 2.21.3 and later; plain, and under `strict_env`.
#
# cargo-nix is started once. What it prints sets the variables, hands direnv all
# that is to be watched in one go, says what is to be said, and runs the
# shellHook last. Nobody waits for Nix: an older environment is kept until the
# new one is there, and direnv changes over by itself. $CARGO_NIX_STATUS says
# which it is: ready, building, stale or failed.
#
# It always ends with 0: direnv would throw away the environment otherwise, and
# with it what is watched, so that nothing would be tried again.

use_cargo-nix() {
    local __cargo_nix_text __cargo_nix_program
    __cargo_nix_find
    if declare -F require_allowed >/dev/null; then
        set -- --can-require "$@"
    fi
    if [[ -z $__cargo_nix_program ]]; then
        __cargo_nix_failed "cargo-nix is not on PATH: there is no environment before the next save or \`direnv reload\`"
        __cargo_nix_watch "$@"
    elif __cargo_nix_text=$("$__cargo_nix_program" direnv export --direnv "$PPID" "$@"); then
        eval "$__cargo_nix_text"
    else
        __cargo_nix_failed "cargo-nix did not give an environment: it is asked again at the next save or \`direnv reload\`"
        __cargo_nix_watch "$@"
    fi
}

# Where the program is, in $__cargo_nix_program. An entry of PATH that is empty or
# does not begin with `/` is a place in the project, and is left out.
__cargo_nix_find() {
    local __cargo_nix_path="${PATH-}:" __cargo_nix_entry
    __cargo_nix_program=
    while [[ -n $__cargo_nix_path ]]; do
        __cargo_nix_entry=${__cargo_nix_path%%:*}/cargo-nix
        __cargo_nix_path=${__cargo_nix_path#*:}
        if [[ $__cargo_nix_entry == /?*/* && -f $__cargo_nix_entry && -x $__cargo_nix_entry ]]; then
            __cargo_nix_program=$__cargo_nix_entry
            return 0
        fi
    done
}

# Has direnv watch where the project that is asked for is, or could be, and the
# program: what cargo-nix would have said is to be watched is not known, and
# with nothing to watch it would be tried no more.
__cargo_nix_watch() {
    local __cargo_nix_dir=. __cargo_nix_word __cargo_nix_before='' __cargo_nix_watched
    for __cargo_nix_word in "$@"; do
        case $__cargo_nix_before in
        --required) ;;
        *) case $__cargo_nix_word in -*) ;; *) __cargo_nix_dir=$__cargo_nix_word ;; esac ;;
        esac
        __cargo_nix_before=$__cargo_nix_word
    done
    __cargo_nix_dir=$(CDPATH='' cd -- "$__cargo_nix_dir" 2>/dev/null && pwd) || __cargo_nix_dir=$PWD
    __cargo_nix_watched=("$__cargo_nix_dir"/{flake.nix,flake.lock,npins/sources.json,rust-toolchain.toml,rust-toolchain})
    while [[ -n $__cargo_nix_dir ]]; do
        __cargo_nix_watched+=("$__cargo_nix_dir/crate-env.nix" "$__cargo_nix_dir/Cargo.toml")
        __cargo_nix_dir=${__cargo_nix_dir%/*}
    done
    if [[ -n $__cargo_nix_program ]]; then
        __cargo_nix_watched+=("$__cargo_nix_program")
    fi
    watch_file "${__cargo_nix_watched[@]}"
}

__cargo_nix_failed() {
    log_error "$1" || :                 # direnv's own fails without tput or TERM up to 2.25
    export CARGO_NIX_STATUS=failed || : # it may be readonly
}
