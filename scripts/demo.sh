#!/usr/bin/env bash
# The main job on examples/openssl, step by step. `make demo` has built it.
#
# Works on a copy of the example and with a cache of its own, so that the first
# step is a cold one every time; the store is kept (target/demo-store, or the
# machine's own).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/setup/common.sh
. scripts/setup/common.sh

release=$(cd "${CARGO_TARGET_DIR:-target}/dist" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export PATH=$release:$PATH XDG_CACHE_HOME=$place/cache
cp -a examples/openssl "$place/openssl"
rm -rf "$place/openssl/target"

bold='' plain=''
[ ! -t 1 ] || bold=$'\033[1m' plain=$'\033[0m'
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }

# explained WHY COMMAND...: one line of reason, the command, its time. What the
# command prints goes to the file $into, if that is set.
explained() {
    local why=$1 start end
    shift
    printf '# %s\n$ %s\n' "$why" "$*"
    start=${EPOCHREALTIME/./}
    if [ -n "${into:-}" ]; then "$@" >"$into"; else "$@"; fi
    end=${EPOCHREALTIME/./}
    printf '# %d.%01d ms\n' $(((end - start) / 1000)) $(((end - start) % 1000 / 100))
}

# store_usable: true if this user can add to the machine's own store.
store_usable() {
    [ -S "${NIX_STATE_DIR:-/nix/var/nix}/daemon-socket/socket" ] || [ -w "${NIX_STORE_DIR:-/nix/store}" ] ||
        [ "$(id -u)" = 0 ]
}

step "the store"
if [ -n "${NIX_STORE_DIR:-}" ]; then
    echo "# NIX_STORE_DIR is set: $NIX_STORE_DIR"
elif store_usable; then
    echo "# this machine's own: /nix/store"
else
    # A store that root has not made for us has another directory, and so other
    # paths than those of the binary caches: nothing can be substituted.
    export NIX_STORE_DIR=$release/../demo-store/nix/store
    mkdir -p "$NIX_STORE_DIR"
    NIX_STORE_DIR=$(cd "$NIX_STORE_DIR" && pwd -P)
    export NIX_STATE_DIR=${NIX_STORE_DIR%store}var/nix NIX_LOG_DIR=${NIX_STORE_DIR%store}var/log/nix
    echo "# /nix/store cannot be written by $(id -un), so a private one is used: $NIX_STORE_DIR"
    echo "# (a real set-up has Nix's daemon, or root)"
fi

step "what the project says it needs"
explained "the one file a project has" cat "$place/openssl/crate-env.nix"

cd "$place/openssl"
step "the environment, for the first time"
into=$place/first explained "evaluated in-process by libnixexpr, realised in the store, printed for sh" \
    cargo-nix env --print
cat "$place/first"
step "the environment, again"
into=$place/again explained "no input has changed: one slot is read, nothing is evaluated" \
    cargo-nix env --print
cmp "$place/first" "$place/again"
echo "# the same, byte for byte"
step "the project, built and run inside"
explained "cargo, rustc, cc and openssl are those of the environment" \
    cargo-nix exec --quiet -- cargo run --quiet
step "what it stands on"
explained "each path of the closure, with sizes, and what is taken from the machine" \
    cargo-nix closure
step "done"
echo "# next: cd to a project of yours, 'cargo nix init', and read README.md"
