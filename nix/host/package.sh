# shellcheck shell=sh disable=SC2154 # variables of the derivation
# Builds a package of the host set. From the environment:
#   out       where it goes
#   programs  names below bin/; `targets` are what they link to, in that order
#   pc        .pc files, which are copied
#   libraries files that lib/ links to
#   headers   names below include/; `headerTargets` are what they link to, in that
#             order. Two of one name are directories, as that of the machine's
#             architecture: then one directory has links to what is in both.
mkdir "$out"

# link TARGET PLACE
link() {
    if [ -L "$2" ] && [ -d "$2" ] && [ -d "$1" ]; then
        first=$(readlink "$2")
        rm "$2"
        mkdir "$2"
        for entry in "$first"/*; do ln -s "$entry" "$2/"; done
    fi
    if [ -d "$2" ] && [ -d "$1" ]; then
        for entry in "$1"/*; do link "$entry" "$2/${entry##*/}"; done
    elif [ ! -e "$2" ]; then
        mkdir -p "${2%/*}"
        ln -s "$1" "$2"
    fi
}

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

for library in $libraries; do
    link "$library" "$out/lib/${library##*/}"
done

# shellcheck disable=SC2086 # a list of names
set -- $headerTargets
for header in $headers; do
    link "$1" "$out/include/$header"
    shift
done
