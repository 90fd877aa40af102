# shellcheck shell=sh disable=SC2154,SC2164
# The builder of a build script's run, after begin.sh: "$1" is the script,
# $unitToolchain the sysroot.
#
# It leaves: out (a link to the OUT_DIR), unit/stdout and unit/stderr.
# Scripts look for cargo's own directories above OUT_DIR, and may write there.
unitDirectory=target/${PROFILE:-debug}/build/${CARGO_PKG_NAME:-package}/out
mkdir -p "$unitOut/$unitDirectory" "$unitOut/unit"
ln -s "$unitDirectory" "$unitOut/out"
# By these, scripts know cargo's target directory.
printf 'Signature: 8a477f597d28d172789f06886806bc55\n' >"$unitOut/target/CACHEDIR.TAG"
printf '{}\n' >"$unitOut/target/.rustc_info.json"
export OUT_DIR="$unitOut/$unitDirectory"
export RUSTC="$unitToolchain/bin/rustc" RUSTDOC="$unitToolchain/bin/rustdoc" CARGO="$unitToolchain/bin/cargo"
# How many jobs is this machine's affair and no input of the build.
if [ "${NIX_BUILD_CORES:-0}" -gt 0 ]; then
    export NUM_JOBS="$NIX_BUILD_CORES"
else
    NUM_JOBS=$(nproc 2>/dev/null || echo 1)
    export NUM_JOBS
fi
export CARGO_MAKEFLAGS="-j$NUM_JOBS"
# The date of a build is no input of it either: what asks for it, as compilers for
# __DATE__ and OpenSSL for its version, gets Nixpkgs' one, unless it was given one.
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}"
# Of a script that is linked with libraries of Rust, or of other scripts.
export LD_LIBRARY_PATH="$unitToolchain/lib/rustlib/${HOST-}/lib${unitLibraries:+:$unitLibraries}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
cd "$CARGO_MANIFEST_DIR"
unset unitDirectory unitToolchain
unitStatus=0
unitStart "$@" >"$unitOut/unit/stdout" 2>"$unitOut/unit/stderr" || unitStatus=$?
if [ "$unitStatus" -ne 0 ]; then
    cat "$unitOut/unit/stdout" >&2
    # Without the first, a line of the one might go on with the other.
    printf '\n%s\n' '--- stderr' >&2
    cat "$unitOut/unit/stderr" >&2
fi
exit "$unitStatus"
