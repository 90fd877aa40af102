# shellcheck shell=sh
# Sourced by the builders of environments. Only defines a function.

# search_path SEPARATOR PARTS DIRECTORY...: the DIRECTORYs that the store paths
# PARTS have, in the order of PARTS, with SEPARATOR between them.
search_path() {
    separator=$1 among=$2 found=
    shift 2
    for part in $among; do
        for directory; do
            [ ! -d "$part/$directory" ] || found="$found${found:+$separator}$part/$directory"
        done
    done
    printf %s "$found"
}
