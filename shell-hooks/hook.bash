# shellcheck shell=bash
# The hook of bash, 3.2 and later: eval "$(cargo-nix hook bash)" in ~/.bashrc.
#
# Before each prompt, cargo-nix is started once if an environment is applied
# ($__CARGO_NIX), if the directory is another one than at the last prompt, or if
# a crate-env.nix is here or above; else nothing is started. What it prints is
# evaluated only if it ended well, so that nothing is applied by halves. The
# program is the one that printed this, by its path: PATH may lead into the
# directory that a user has just entered.
__cargo_nix_prompt() {
    \builtin set -- "$?"
    if [[ $- != *k* ]]; then
        __cargo_nix_turn "$1"
        \builtin return
    fi
    # With it, nothing that is declared or exported has a value.
    \builtin set +k
    __cargo_nix_turn "$1"
    \builtin set -k -- "$?"
    \builtin return "$1"
}

# One prompt, given the status of the last command.
__cargo_nix_turn() {
    # Quoted, as this is no declaration to the parser: words are split at IFS.
    \builtin local __cargo_nix_status="$1" __cargo_nix_dir="${PWD-}" __cargo_nix_text
    \builtin local __cargo_nix_program=@CARGO_NIX@
    # Under errexit, a function that returns what it found would end the shell.
    [[ $- == *e* ]] && __cargo_nix_status=0

    if [[ -z ${__CARGO_NIX-} && ${__cargo_nix_last-} == "$__cargo_nix_dir" ]]; then
        while [[ ! -e $__cargo_nix_dir/crate-env.nix ]]; do
            [[ $__cargo_nix_dir == */* ]] || \builtin return "$__cargo_nix_status"
            __cargo_nix_dir=${__cargo_nix_dir%/*}
        done
    fi
    __cargo_nix_last=${PWD-}

    if [[ ! -f $__cargo_nix_program || ! -x $__cargo_nix_program ]]; then
        if [[ -n ${__CARGO_NIX-} && -z ${__cargo_nix_missed-} ]]; then
            __cargo_nix_missed=1
            \builtin printf '%s\n' "cargo-nix: $__cargo_nix_program is gone; the variables of the project stay" >&2
        fi
        \builtin return "$__cargo_nix_status"
    fi
    __cargo_nix_missed=
    [[ -z ${__cargo_nix_kept-} ]] || __cargo_nix_recheck
    if __cargo_nix_text=$("$__cargo_nix_program" prompt bash --checks --kept "${__cargo_nix_kept-}"); then
        \builtin eval "$__cargo_nix_text" || \builtin :
    fi
    \builtin return "$__cargo_nix_status"
}

# Whether each of these variables can be set to a text; which cannot is added to
# $__cargo_nix_kept: what is readonly, an array, a number, another one's name, or
# changes case. To set one of them would end whatever is evaluated, or set another.
__cargo_nix_check() {
    \builtin local __cargo_nix_name __cargo_nix_typed __cargo_nix_line=$'\n' __cargo_nix_declared
    \builtin local __cargo_nix_before=${__cargo_nix_kept-}
    __cargo_nix_declared=$__cargo_nix_line$(\builtin declare -p "$@" 2>/dev/null)$__cargo_nix_line || \builtin :
    for __cargo_nix_name in "$@"; do
        __cargo_nix_typed="${__cargo_nix_line}declare -[A-Za-z]*[aAcilnru][A-Za-z]* ${__cargo_nix_name}[=${__cargo_nix_line}]"
        [[ ! $__cargo_nix_declared =~ $__cargo_nix_typed ]] || __cargo_nix_kept+=$__cargo_nix_name,
    done
    [[ ${__cargo_nix_kept-} == "$__cargo_nix_before" ]]
}

# Of what an earlier prompt could not set, that which still cannot be. What is no
# longer so is tried again, and what is so is told to cargo-nix at once.
__cargo_nix_recheck() {
    \builtin local IFS=,
    # shellcheck disable=SC2086 # it is split
    \builtin set -- $__cargo_nix_kept
    __cargo_nix_kept=
    [[ -z ${__CARGO_NIX-} ]] || __cargo_nix_check "$@" || \builtin :
}

# What the variables that cannot be set leave to be done.
__cargo_nix_again() {
    \builtin local __cargo_nix_text
    if __cargo_nix_text=$("$__cargo_nix_program" prompt bash --kept "$__cargo_nix_kept"); then
        \builtin eval "$__cargo_nix_text" || \builtin :
    fi
}

# First, so that what other prompts show is of the new environment. From 5.1 on, an
# entry of its own: bash gives each the status of the last command, and its parts.
if [[ ${PROMPT_COMMAND[*]-} != *__cargo_nix_prompt* ]]; then
    if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)) ||
        [[ $(\builtin declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
        PROMPT_COMMAND=(__cargo_nix_prompt ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
    else
        # shellcheck disable=SC2178,SC2128 # a text here
        PROMPT_COMMAND=__cargo_nix_prompt${PROMPT_COMMAND:+";$PROMPT_COMMAND"}
    fi
fi
