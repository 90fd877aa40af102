# The hook of fish, 3.1 and later: cargo-nix hook fish | source, in config.fish.
#
# Before each prompt, cargo-nix is started once if an environment is applied
# ($__CARGO_NIX), if the directory is another one than at the last prompt, or if
# a crate-env.nix is here or above; else nothing is started. What it prints is
# evaluated only if it ended well, so that nothing is applied by halves. The
# program is the one that printed this, by its path: PATH may lead into the
# directory that a user has just entered. fish keeps $status over what an event
# starts.
function __cargo_nix_prompt --on-event fish_prompt
    if builtin test -z "$__CARGO_NIX" -a "$__cargo_nix_last" = "$PWD"
        builtin set -l dir $PWD
        while not builtin test -e "$dir/crate-env.nix"
            builtin test -n "$dir"
            or builtin return
            builtin set dir (builtin string replace -r '(?s)/[^/]*\z' '' -- "$dir" | builtin string collect)
        end
    end
    builtin set -g __cargo_nix_last $PWD

    builtin set -l program @CARGO_NIX@
    if not builtin test -f "$program" -a -x "$program"
        if builtin test -n "$__CARGO_NIX" -a -z "$__cargo_nix_missed"
            builtin set -g __cargo_nix_missed 1
            builtin echo "cargo-nix: $program is gone; the variables of the project stay" >&2
        end
        builtin return
    end
    builtin set -g __cargo_nix_missed
    builtin set -l text
    if builtin set text (command $program prompt fish)
        builtin string join \n -- $text | builtin source
    end
end
