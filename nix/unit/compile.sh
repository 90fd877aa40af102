# shellcheck shell=sh disable=SC2154,SC3013
# The builder of a unit of rustc: "$@" is the compiler with its arguments,
# $unitEnvironment exports the variables of crate-env.nix, $unitDependencies
# are the units it depends on, one a line.
#
# It leaves: lib/ (what rustc writes), unit/links (the units that a dependent
# has to find, one a line), unit/stderr (rustc's messages, JSON).
set -eu
# What is to be seen of the machine is the tree that this derivation names.
if [ -n "$unitTree" ] && ! [ /usr -ef "$unitTree/usr" ]; then
    echo "this sandbox does not show $unitTree" >&2
    exit 1
fi
# What cargo's process has of these counts, whatever the environment sets.
for variable in $unitGiven; do
    eval "given_$variable=\$$variable"
done
# shellcheck disable=SC1090
. "$unitEnvironment"
for variable in $unitGiven; do
    eval "export $variable=\"\$given_$variable\""
    unset "given_$variable"
done
mkdir -p "$out/lib" "$out/unit"
links=$(
    for dependency in $unitDependencies; do
        cat "$dependency/unit/links"
    done | LC_ALL=C sort -u
)
for link in $links; do
    set -- "$@" "-Ldependency=$link/lib"
done
if [ -n "$unitOpaque" ]; then
    links=
fi
printf '%s\n' ${links:+"$links"} "$out" >"$out/unit/links"
cd "$CARGO_MANIFEST_DIR"
export CARGO="${1%/*}/cargo"
# Of a proc-macro that is linked with libraries of scripts.
if [ -n "${unitLibraries-}" ]; then
    export LD_LIBRARY_PATH="$unitLibraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
unset links variable unitLibraries unitTree unitEnvironment unitGiven unitDependencies unitOpaque inputs
status=0
"$@" --out-dir "$out/lib" 2>"$out/unit/stderr" || status=$?
if [ "$status" -ne 0 ]; then
    cat "$out/unit/stderr" >&2
fi
exit "$status"
