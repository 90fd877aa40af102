# shellcheck shell=sh disable=SC2154,SC2164
# The builder of a unit of rustc, after begin.sh: "$@" is the compiler with its
# arguments, $unitDependencies are the units it depends on, one a line.
#
# It leaves: lib/ (what rustc writes), unit/links (the units that a dependent
# has to find, one a line), unit/stderr (rustc's messages, JSON) and unit/stdout
# (seldom anything, by a proc-macro).
mkdir -p "$unitOut/lib" "$unitOut/unit"
# Each process more is felt: there are hundreds of these builds.
unitLinks=
for unitDependency in $unitDependencies; do
    unitLinks="$unitLinks $unitDependency/unit/links"
done
if [ -n "$unitLinks" ]; then
    # shellcheck disable=SC2086
    unitLinks=$(LC_ALL=C sort -u $unitLinks)
fi
for unitLink in $unitLinks; do
    set -- "$@" "-Ldependency=$unitLink/lib"
done
if [ -n "$unitOpaque" ]; then
    unitLinks=
fi
printf '%s\n' ${unitLinks:+"$unitLinks"} "$unitOut" >"$unitOut/unit/links"
cd "$CARGO_MANIFEST_DIR"
export CARGO="${1%/*}/cargo"
# Of a proc-macro that is linked with libraries of scripts.
if [ -n "${unitLibraries-}" ]; then
    export LD_LIBRARY_PATH="$unitLibraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
set -- "$@" --out-dir "$unitOut/lib"
# The toolchain's bin/rustc is a script of sh, a process more, and would drop what sh
# cannot name.
unitSysroot=${1%/bin/rustc}
if [ -x "$unitSysroot/libexec/rustc" ]; then
    shift
    set -- "$unitSysroot/libexec/rustc" --sysroot "$unitSysroot" "$@"
fi
# rustc's allocator is jemalloc. Left alone it takes small pages, and four arenas for each
# processor: more page faults, some hundredths of a cold build. Whether there are large
# ones it reads below /sys, which a sandbox does not have.
case $unitSystem in
*-linux)
    unitPages=/sys/kernel/mm/transparent_hugepage
    if [ -w / ] && ! [ -e /sys ] && mkdir -p "$unitPages" 2>/dev/null; then
        echo 'always [madvise] never' >"$unitPages/enabled"
    fi
    export MALLOC_CONF="${MALLOC_CONF-thp:always,narenas:${NIX_BUILD_CORES:-0}}"
    unset unitPages
    ;;
esac
unset unitLinks unitLink unitSysroot unitDependencies unitOpaque
unitStatus=0
unitStart "$@" >"$unitOut/unit/stdout" 2>"$unitOut/unit/stderr" || unitStatus=$?
if [ "$unitStatus" -ne 0 ]; then
    cat "$unitOut/unit/stderr" >&2
fi
exit "$unitStatus"
