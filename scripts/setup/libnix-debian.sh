#!/usr/bin/env bash
# Builds libnix (libraries, C headers, `nix` CLI, `nix-daemon`) from Debian 13's
# source packages into a private prefix. Usage: libnix-debian.sh PREFIX
# The packages it needs (packages.sh) are installed already.
#
# Promises: the machine's own apt configuration is read, never written; each
# step leaves a stamp, so that an interrupted run goes on where it stopped; the
# prefix carries `.complete` only when everything is in it and `nix` has run.
set -euo pipefail

prefix=${1:?usage: libnix-debian.sh PREFIX}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/setup/common.sh
. "$here/common.sh"
work=$prefix.build-$libnix_recipe
log=$work/log
jobs=$(getconf _NPROCESSORS_ONLN)

# What the release has itself is not built, nor what it has too old.
case $(debian_codename) in
bookworm)
    # libseccomp 2.5.4 is older than Nix wants; the headers of gc 8.2.2 hide a
    # member that Nix uses (fixed in 8.2.4); libgit2 1.5 is too old for
    # libfetchers, meson 1.0 for Nix.
    release_steps=(meson libgit2)
    nix_options=(-Dlibstore:seccomp-sandboxing=disabled -Dlibexpr:gc=disabled)
    ;;
trixie)
    release_steps=()
    nix_options=(-Dlibstore:seccomp-sandboxing=enabled -Dlibexpr:gc=enabled)
    ;;
*) die "libnix is built on Debian 12 and 13 only." ;;
esac

# Each step `NAME` is a function `do_NAME` below, run once.
describe() {
    case $1 in
    sources) echo "fetching the sources of nix and libgit2" ;;
    meson) echo "installing meson and ninja into a Python venv" ;;
    libgit2) echo "building libgit2" ;;
    configure) echo "configuring Nix" ;;
    compile) echo "compiling Nix" ;;
    install) echo "installing into $prefix" ;;
    esac
}

step() {
    local start=$SECONDS what
    what=$(describe "$1")
    [ ! -e "$work/done.$1" ] || return 0
    say "libnix: $what ..."
    # Not as a condition: that would switch `set -e` off within the step.
    set +e
    (
        set -e
        "do_$1"
    ) >>"$log" 2>&1
    local status=$?
    set -e
    if [ $status != 0 ]; then
        tail -n 25 "$log" >&2
        die "libnix: '$what' failed; the whole log is $log" \
            "mend the cause and run the same command again: finished steps are kept"
    fi
    touch "$work/done.$1"
    say "libnix: $what: done in $((SECONDS - start)) s"
}

apt_private() {
    local verb=$1
    shift
    "apt-$verb" -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" \
        -o APT::Sandbox::User= "$@"
}

do_sources() {
    local uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg source
    uri=$(debian_mirror) || { echo "no Debian mirror in the machine's apt sources" && return 1; }
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    printf 'deb-src [signed-by=%s] %s trixie main\n' "$keyring" "$uri" >"$work/apt/sources.list"
    apt_private get update
    for source in nix libgit2; do
        rm -rf "${work:?}/$source" "$work/$source.dsc"
        mkdir "$work/$source.dsc"
        (cd "$work/$source.dsc" && apt_private get source --download-only "$source")
        dpkg-source --no-check -x "$work/$source.dsc/"*.dsc "$work/$source"
    done
    [ "$(cat "$work/nix/.version")" = "$libnix_version" ] ||
        { echo "Debian 13's nix is no longer $libnix_version: libnix_version in common.sh is out of date" && return 1; }
}

do_meson() {
    rm -rf "$work/venv"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check 'meson>=1.4,<2' ninja
}

do_libgit2() {
    cmake -S "$work/libgit2" -B "$work/libgit2-build" \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
        -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=ON -DBUILD_TESTS=OFF \
        -DBUILD_CLI=OFF -DUSE_SSH=OFF -DUSE_NTLMCLIENT=OFF -DREGEX_BACKEND=pcre2 \
        -DUSE_HTTP_PARSER=http-parser -DUSE_HTTPS=OpenSSL
    cmake --build "$work/libgit2-build" -j "$jobs"
    cmake --install "$work/libgit2-build"
}

do_configure() {
    rm -rf "$work/nix-build"
    # The prefix is private: everything in it finds its libraries by itself.
    LDFLAGS="-Wl,-rpath,$prefix/lib" meson setup "$work/nix-build" "$work/nix" \
        --prefix="$prefix" --libdir=lib --sysconfdir="$prefix/etc" \
        --localstatedir=/nix/var --buildtype=release \
        --pkg-config-path="$prefix/lib/pkgconfig" \
        -Ddoc-gen=false -Dunit-tests=false -Dbindings=false \
        -Dlibcmd:readline-flavor=readline \
        -Dlibstore:sandbox-shell=/usr/bin/bash-static \
        "${nix_options[@]}"
}

do_compile() {
    ninja -C "$work/nix-build" -j "$jobs"
}

do_install() {
    ninja -C "$work/nix-build" install
    env -u LD_LIBRARY_PATH "$prefix/bin/nix" --version
    "$prefix/bin/nix-daemon" --version
}

# ninja's own progress, one line in twenty seconds, as long as process $1 lives.
report_progress() {
    local at last=
    # The last sleep outlives us: whoever reads what we say must not wait for it.
    while sleep 20 >/dev/null 2>&1 && kill -0 "$1" 2>/dev/null; do
        at=$(tail -c 4000 "$log" 2>/dev/null | tr '\r' '\n' | grep -oE '^\[[0-9]+/[0-9]+\]' | tail -n 1) || true
        [ "$at" = "$last" ] || say "libnix: compiling $at"
        last=$at
    done
}

mkdir -p "$work"
exec 9>"$work.lock"
if ! flock -n 9; then
    say "libnix: another set-up is at work; waiting for it"
    flock 9
fi
[ "$(cat "$prefix/.complete" 2>/dev/null)" != "$libnix_recipe" ] || exit 0
mkdir -p "$work"
say "libnix: not found by pkg-config; building $libnix_version once from Debian 13's sources"
say "libnix: about 20 CPU-minutes; the log is $log"
rm -f "$prefix/.complete"
PATH=$work/venv/bin:$PATH
export LD_LIBRARY_PATH=$prefix/lib
step sources
for name in "${release_steps[@]}"; do step "$name"; done
step configure
report_progress $$ 9>&- &
reporter=$!
trap 'kill "$reporter" 2>/dev/null || true' EXIT
step compile
kill "$reporter" 2>/dev/null || true
step install
echo "$libnix_recipe" >"$prefix/.complete"
rm -rf "$work"
