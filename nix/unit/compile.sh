# shellcheck shell=sh disable=SC2154,SC3013
# The builder of a unit of rustc: "$@" is the compiler with its arguments,
# $unitEnvironment exports the variables of crate-env.nix, $unitDependencies
# are the units it depends on, one a line. Names of its own begin with "unit":
# any other may be one that the unit reads.
#
# It leaves: lib/ (what rustc writes), unit/links (the units that a dependent
# has to find, one a line), unit/stderr (rustc's messages, JSON), and, if
# something was written there (by a proc-macro), unit/stdout.
set -eu
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
mkdir -p "$out/lib" "$out/unit"
unitLinks=$(
    for unitDependency in $unitDependencies; do
        cat "$unitDependency/unit/links"
    done | LC_ALL=C sort -u
)
for unitLink in $unitLinks; do
    set -- "$@" "-Ldependency=$unitLink/lib"
done
if [ -n "$unitOpaque" ]; then
    unitLinks=
fi
printf '%s\n' ${unitLinks:+"$unitLinks"} "$out" >"$out/unit/links"
cd "$CARGO_MANIFEST_DIR"
export CARGO="${1%/*}/cargo"
# Of a proc-macro that is linked with libraries of scripts.
if [ -n "${unitLibraries-}" ]; then
    export LD_LIBRARY_PATH="$unitLibraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
set -- "$@" --out-dir "$out/lib"
# NAME=VALUE of variables whose names are none for sh, as the toolchain's
# bin/rustc is one.
if [ -n "${unitOdd-}" ]; then
    unitSysroot=${1%/bin/rustc}
    if [ -x "$unitSysroot/libexec/rustc" ]; then
        shift
        set -- "$unitSysroot/libexec/rustc" --sysroot "$unitSysroot" "$@"
        unset unitSysroot
    fi
    for unitName in $unitOdd; do
        eval "set -- \"\$$unitName\" \"\$@\""
        unset "$unitName"
    done
    set -- env -- "$@"
fi
unset unitLinks unitLink unitName unitLibraries unitTree unitEnvironment unitGiven unitDependencies unitOpaque unitOdd \
    inputs
unitStatus=0
"$@" >"$out/unit/stdout" 2>"$out/unit/stderr" || unitStatus=$?
if [ "$unitStatus" -ne 0 ]; then
    cat "$out/unit/stderr" >&2
fi
[ -s "$out/unit/stdout" ] || rm -f "$out/unit/stdout"
exit "$unitStatus"
