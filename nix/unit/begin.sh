# shellcheck shell=sh disable=SC2034,SC2154,SC3013
# How the builders of both kinds of units begin, compile.sh and run.sh: the
# variables that the unit sees, and how it is started with them. Names of theirs
# begin with "unit": any other may be one that the unit reads.
#   $unitTree         the host tree, or nothing
#   $unitEnvironment  exports the variables of crate-env.nix
#   $unitGiven        names of variables that count whatever that exports
#   $unitCoverage     1 if what is compiled counts how often it is run, or nothing
#   $unitOdd          names of variables that hold NAME=VALUE of one whose name is
#                     none for sh
# It sets $unitOut, the output, and $unitSystem, Nix's name of the machine.
set -eu
# What Nix tells the builder is nothing to the unit, which may ask whether there is
# a variable of such a name.
unitOut=$out unitSystem=$system
unset out system name builder
# What is to be seen of the machine is the tree that this derivation names.
if [ -n "$unitTree" ] && ! [ /usr -ef "$unitTree/usr" ]; then
    echo "this sandbox does not show $unitTree" >&2
    exit 1
fi
# What cargo's process has of these counts, whatever the environment sets.
for unitName in $unitGiven; do
    eval "unitGiven_$unitName=\$$unitName"
done
# shellcheck disable=SC1090
. "$unitEnvironment"
for unitName in $unitGiven; do
    eval "export $unitName=\"\$unitGiven_$unitName\""
    unset "unitGiven_$unitName"
done

# What is compiled for coverage leaves its counts in the working directory when it ends,
# which is the source here: proc-macros, and scripts.
if [ -n "${unitCoverage-}" ]; then
    export LLVM_PROFILE_FILE="${LLVM_PROFILE_FILE-/dev/null}"
fi
unset unitCoverage

# Starts a program, with the variables of $unitOdd besides.
unitStart() {
    if [ -n "${unitOdd-}" ]; then
        for unitName in $unitOdd; do
            eval "set -- \"\$$unitName\" \"\$@\""
            unset "$unitName"
        done
        set -- env -- "$@"
    fi
    unset unitName unitOdd unitTree unitEnvironment unitGiven unitLibraries inputs
    "$@"
}
