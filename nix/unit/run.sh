# shellcheck shell=sh disable=SC2154,SC3013
# The builder of a build script's run: "$1" is the script, $unitToolchain the
# sysroot, $unitEnvironment exports the variables of crate-env.nix.
#
# It leaves: out (a link to the OUT_DIR), unit/stdout and unit/stderr.
set -eu
# What is to be seen of the machine is the tree that this derivation names.
if [ -n "$unitTree" ] && ! [ /usr -ef "$unitTree/usr" ]; then
    echo "this sandbox does not show $unitTree" >&2
    exit 1
fi
# shellcheck disable=SC1090
. "$unitEnvironment"
# Scripts look for cargo's own directories above OUT_DIR, and may write there.
directory=target/${PROFILE:-debug}/build/${CARGO_PKG_NAME:-package}/out
mkdir -p "$out/$directory" "$out/unit"
ln -s "$directory" "$out/out"
export OUT_DIR="$out/$directory"
export RUSTC="$unitToolchain/bin/rustc" RUSTDOC="$unitToolchain/bin/rustdoc" CARGO="$unitToolchain/bin/cargo"
# How many jobs is this machine's affair and no input of the build.
if [ "${NIX_BUILD_CORES:-0}" -gt 0 ]; then
    export NUM_JOBS="$NIX_BUILD_CORES"
else
    NUM_JOBS=$(nproc 2>/dev/null || echo 1)
    export NUM_JOBS
fi
cd "$CARGO_MANIFEST_DIR"
unset directory unitTree unitEnvironment unitToolchain unitFiles inputs
status=0
"$1" >"$out/unit/stdout" 2>"$out/unit/stderr" || status=$?
if [ "$status" -ne 0 ]; then
    cat "$out/unit/stdout" "$out/unit/stderr" >&2
fi
exit "$status"
