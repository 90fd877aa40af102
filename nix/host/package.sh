# shellcheck shell=sh disable=SC2154 # variables of the derivation
# Builds a package of the host set. From the environment:
#   out       where it goes
#   programs  names below bin/; `targets` are what they link to, in that order
#   pc        .pc files, which are copied
mkdir "$out"

if [ -n "$programs" ]; then
    mkdir "$out/bin"
    # shellcheck disable=SC2086 # a list of names
    set -- $targets
    for program in $programs; do
        ln -s "$1" "$out/bin/$program"
        shift
    done
fi

if [ -n "$pc" ]; then
    mkdir -p "$out/lib/pkgconfig"
    # shellcheck disable=SC2086 # a list of files
    cp -L $pc "$out/lib/pkgconfig/"
fi
