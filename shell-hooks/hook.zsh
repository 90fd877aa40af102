# The hook of zsh: eval "$(cargo-nix hook zsh)" in ~/.zshrc.
#
# Before each prompt, cargo-nix is started once if an environment is applied
# ($__CARGO_NIX), if the directory is another one than at the last prompt, or if
# a crate-env.nix is here or above; else nothing is started. What it prints is
# evaluated only if it ended well, so that nothing is applied by halves. The
# program is the one that printed this, by its path: PATH may lead into the
# directory that a user has just entered.
#
# zsh gives each function of precmd_functions, and the prompt, the same $?.
__cargo_nix_prompt() {
    \builtin emulate -L zsh
    \builtin local __cargo_nix_dir=$PWD __cargo_nix_text
    \builtin local __cargo_nix_program=@CARGO_NIX@
    if [[ -z ${__CARGO_NIX-} && ${__cargo_nix_last-} == "$__cargo_nix_dir" ]]; then
        while [[ ! -e $__cargo_nix_dir/crate-env.nix ]]; do
            [[ $__cargo_nix_dir == */* ]] || \builtin return 0
            __cargo_nix_dir=${__cargo_nix_dir%/*}
        done
    fi
    \builtin typeset -g __cargo_nix_last=$PWD

    if [[ ! -f $__cargo_nix_program || ! -x $__cargo_nix_program ]]; then
        if [[ -n ${__CARGO_NIX-} && -z ${__cargo_nix_missed-} ]]; then
            \builtin typeset -g __cargo_nix_missed=1
            \builtin print -u 2 -r -- "cargo-nix: $__cargo_nix_program is gone; the variables of the project stay"
        fi
        \builtin return 0
    fi
    \builtin typeset -g __cargo_nix_missed=
    [[ -z ${__cargo_nix_kept-} ]] || __cargo_nix_recheck
    if __cargo_nix_text=$("$__cargo_nix_program" prompt zsh --checks --kept "${__cargo_nix_kept-}"); then
        \builtin eval "$__cargo_nix_text"
    fi
    \builtin return 0
}

# Whether each of these variables can be set to a text; which cannot is added to
# $__cargo_nix_kept. To set one of them would end whatever is evaluated.
__cargo_nix_check() {
    \builtin emulate -L zsh
    \builtin local __cargo_nix_name __cargo_nix_before=${__cargo_nix_kept-}
    for __cargo_nix_name in "$@"; do
        case ${(Pt)__cargo_nix_name} in
            (*readonly*|integer*|float*|array*|association*|*-lower*|*-upper*) \builtin typeset -g __cargo_nix_kept=${__cargo_nix_kept-}$__cargo_nix_name, ;;
        esac
    done
    [[ ${__cargo_nix_kept-} == "$__cargo_nix_before" ]]
}

# Of what an earlier prompt could not set, that which still cannot be. What is no
# longer so is tried again, and what is so is told to cargo-nix at once.
__cargo_nix_recheck() {
    \builtin emulate -L zsh
    \builtin set -- "${(@s:,:)${__cargo_nix_kept%,}}"
    \builtin typeset -g __cargo_nix_kept=
    [[ -z ${__CARGO_NIX-} ]] || __cargo_nix_check "$@" || \builtin true
}

# What the variables that cannot be set leave to be done.
__cargo_nix_again() {
    if __cargo_nix_text=$("$__cargo_nix_program" prompt zsh --kept "$__cargo_nix_kept"); then
        \builtin eval "$__cargo_nix_text"
    fi
}

# First, so that what other prompts show is of the new environment.
\builtin typeset -ga precmd_functions
if [[ "${precmd_functions[*]-}" != *__cargo_nix_prompt* ]]; then
    precmd_functions=(__cargo_nix_prompt "${precmd_functions[@]}")
fi
