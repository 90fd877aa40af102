#!/usr/bin/env bash
# Puts a rust-analyzer into PREFIX/bin, from Debian's packages, if the machine
# has none that runs. Usage: rust-analyzer.sh PREFIX
#
# rustup's toolchains bring a server for proc-macros of their own, which speaks
# with a rust-analyzer of the same age or newer: so it is the one of Debian
# testing, with all libraries it needs, and runs with the C library that was
# packaged with it. PREFIX/rust-analyzer/library has the sources of the standard
# library, without which it knows no derive.
#
# Promises: the machine's own apt configuration and packages are read, never
# written; PREFIX/rust-analyzer is there when it has run once, or not at all.
set -euo pipefail

prefix=${1:?usage: rust-analyzer.sh PREFIX}
# shellcheck source=scripts/setup/common.sh
. "$(dirname "$0")/common.sh"
new=$prefix/rust-analyzer.new
log=$prefix/rust-analyzer.log

# apt-get with everything of its own; no locks, as they are the machine's and root's.
apt_private() {
    local verb=$1
    shift
    "apt-$verb" -q -y -o "Dir::Etc::sourcelist=$new/apt/sources.list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::Lists=$new/apt/lists" -o "Dir::Cache=$new/apt/cache" \
        -o Dir::State::status=/dev/null -o Debug::NoLocking=1 -o Acquire::Languages=none -o APT::Sandbox::User= "$@"
}

unpack() {
    local uri package keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    uri=$(debian_mirror) || { echo "no Debian mirror in the machine's apt sources" && return 1; }
    mkdir -p "$new/apt/lists/partial" "$new/apt/cache/archives/partial"
    printf 'deb [signed-by=%s] %s testing main\n' "$keyring" "$uri" >"$new/apt/sources.list"
    apt_private get update
    apt_private get install --download-only --no-install-recommends rust-analyzer rust-src
    for package in "$new"/apt/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$new"
    done
    mv "$new"/usr/src/rustc-*/library "$new/library"
    (cd "$new" && rm -rf apt etc usr/share usr/src usr/lib/rustlib)
}

# at_hand: true if the machine has both already.
at_hand() {
    if [ -d "$prefix/rust-analyzer/library" ] && "$prefix/bin/rust-analyzer" --version; then
        return 0
    fi
    rust-analyzer --version || return 1
    # nixpkgs' rust-analyzer knows where its sources are, rustup's has them in the toolchain.
    ! command -v rustup || [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ]
}

# write_program DIRECTORY: its `run`, for where DIRECTORY's content will lie.
write_program() {
    local loader libraries
    loader=$(cd "$new" && find usr/lib*/ -name 'ld-linux*.so*' | sort | head -n 1)
    libraries=$(cd "$new" && find usr/lib -name libc.so.6 -printf '%h')
    if [ -z "$loader" ] || [ -z "$libraries" ]; then
        echo "the packages have no loader, or no C library"
        return 1
    fi
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' \
        "$1/$loader" "$1/$libraries:$1/usr/lib" "$1/usr/bin/rust-analyzer" >"$new/run"
    chmod +x "$new/run"
}

at_hand >/dev/null 2>&1 && exit 0
command -v dpkg-deb >/dev/null ||
    die "rust-analyzer or its sources are missing." "rustup component add rust-analyzer rust-src"
say "installing rust-analyzer of Debian testing into $prefix"
mkdir -p "$prefix/bin"
rm -rf "$new" "$prefix/rust-analyzer"
mkdir "$new"
# Not as a condition: that would switch `set -e` off within it.
set +e
(
    set -e
    unpack
    write_program "$prefix/rust-analyzer"
    mv "$new" "$prefix/rust-analyzer"
    "$prefix/rust-analyzer/run" --version
) >"$log" 2>&1
status=$?
set -e
if [ $status != 0 ]; then
    tail -n 20 "$log" >&2
    rm -rf "$new" "$prefix/rust-analyzer"
    die "rust-analyzer could not be installed." "see $log, or: rustup component add rust-analyzer rust-src"
fi
ln -sfn ../rust-analyzer/run "$prefix/bin/rust-analyzer"
rm -f "$log"
