# shellcheck shell=bash
# What `cargo-nix direnv export` prints before it runs a shellHook, after what
# direnv.sh has defined: whoever has none does not wait for it to be read. For
# bash 3.2 and later.

# A shellHook is written for a shell of its own, not for `set -euo pipefail`, and
# not to end the .envrc. So it has one: a subshell, in which it may exit, return
# and set what it likes; what it exports and unsets comes from there to here, in
# a file, as nobody is to wait for what it leaves running. An EXIT trap is ignored:
# the shell that it is meant for is the user's.
# Usage: __cargo_nix_run_hook TEXT NAME...   (NAME: what is exported now)
__cargo_nix_run_hook() {
    local __cargo_nix_flags=$- __cargo_nix_file __cargo_nix_exports='' __cargo_nix_hook=$1
    local __cargo_nix_said='' __cargo_nix_ended=0
    # First the hook is in the file, then what it exports.
    if ! __cargo_nix_file=$(command mktemp "${TMPDIR:-/tmp}/cargo-nix-shellHook.XXXXXX") ||
        ! printf '%s\n' "$1" >|"$__cargo_nix_file"; then
        __cargo_nix_failed "cargo-nix: the shellHook did not run, as no temporary file can be made"
        return 0
    fi
    shift
    # Whoever reads what direnv says from a pipe does so until all have closed it,
    # what the hook leaves running too: it gets it from a file, when the hook is done.
    if [[ -p /dev/fd/2 || -S /dev/fd/2 ]]; then
        __cargo_nix_said=$(command mktemp "${TMPDIR:-/tmp}/cargo-nix-said.XXXXXX") || __cargo_nix_said=
    fi
    set +e
    (
        set +eu +o pipefail
        # direnv reads there until all have closed it, what the hook leaves running too.
        exec 3>&-
        if [[ -n $__cargo_nix_said ]]; then
            exec >|"$__cargo_nix_said" 2>&1
        fi
        # Not local: errexit ends the function before the trap is run.
        # shellcheck disable=SC2030
        __cargo_nix_names=("$@") __cargo_nix_told=$__cargo_nix_file
        \builtin trap __cargo_nix_tell EXIT
        # shellcheck disable=SC2317,SC2064 # the hook calls it
        trap() {
            case " $* " in
            *" EXIT "* | *" 0 "* | *" exit "*) ;;
            *) \builtin trap "$@" ;;
            esac
        }
        __cargo_nix_hooked
        # What it ended with says nothing; that it came to its end does.
        \builtin exit 0
    )
    __cargo_nix_ended=$?
    if [[ -n $__cargo_nix_said ]]; then
        command cat -- "$__cargo_nix_said" >&2
        command rm -f -- "$__cargo_nix_said"
    fi
    case $__cargo_nix_ended in
    0) ;;
    *) log_error "cargo-nix: the shellHook ended the shell that it ran in; what it exported before is there" ;;
    esac
    IFS= read -r -d '' __cargo_nix_exports <"$__cargo_nix_file"
    command rm -f -- "$__cargo_nix_file"
    # The hook itself is still there if it had no end, as of an exec.
    case $__cargo_nix_exports in "$__cargo_nix_head"*) eval "$__cargo_nix_exports" ;; esac
    # Only if it did not end well, and with extglob, which it may have set itself.
    if [[ $__cargo_nix_ended != 0 ]] && ! "$BASH" -O extglob -n <<<"$__cargo_nix_hook" 2>/dev/null; then
        log_error "cargo-nix: the shellHook of crate-env.nix has a syntax error (above, in the name of a temporary file); what stands after it was not run"
    fi
    case $__cargo_nix_flags in *e*) set -e ;; esac
    return 0
}

# A file, so that the hook may return, to a function without arguments. What it
# declares (`declare -x`) is gone when that function ends: it is told before.
__cargo_nix_hooked() {
    # shellcheck source=/dev/null disable=SC2031
    \builtin . "$__cargo_nix_told"
    __cargo_nix_ended=$?
    __cargo_nix_tell
    \builtin trap - EXIT
}

# How all that is told begins.
__cargo_nix_head='# what the shellHook exports and unsets'

# Writes, as bash, what the subshell of the hook exports, and what it does not
# any more. Nothing that bash keeps for itself, or that its directory is.
__cargo_nix_tell() {
    \builtin set +eux
    \builtin export -n PWD OLDPWD SHLVL _ SHELLOPTS BASHOPTS 2>/dev/null
    # shellcheck disable=SC2031
    {
        \builtin printf '%s\n' "$__cargo_nix_head"
        if [[ ${__cargo_nix_ended-0} != 0 ]]; then
            \builtin printf '__cargo_nix_ended=%d\n' "$__cargo_nix_ended"
        fi
        for __cargo_nix_name in ${__cargo_nix_names[@]+"${__cargo_nix_names[@]}"}; do
            if [[ -z ${!__cargo_nix_name+x} ]]; then
                \builtin printf 'unset %s\n' "$__cargo_nix_name"
            fi
        done
        # With it, `export` says `export` and not `declare -x`, which would be
        # of no effect beyond a function; before bash 5.0 not through `builtin`.
        \builtin set -o posix
        \export -p
    } >|"$__cargo_nix_told"
}
