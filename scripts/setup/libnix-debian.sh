#!/usr/bin/env bash
# Builds libnix (libraries, C headers, `nix` CLI, `nix-daemon`) from Debian 13's
# source packages into a private prefix. Usage: libnix-debian.sh PREFIX
#
# Promises: the machine's own apt configuration is read, never written; each
# step leaves a stamp, so that an interrupted run goes on where it stopped; the
# prefix carries `.complete` only when everything is in it.
set -euo pipefail

prefix=${1:?usage: libnix-debian.sh PREFIX}
work=$prefix.build
log=$work/log
jobs=$(getconf _NPROCESSORS_ONLN)
# shellcheck source=scripts/setup/common.sh
. "$(dirname "$0")/common.sh"

# shellcheck source=/dev/null
codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
case $codename in
bookworm)
    packages=(
        libboost1.81-dev libboost-container1.81-dev libboost-context1.81-dev
        libboost-coroutine1.81-dev libhttp-parser-dev
    )
    nix_options=(
        # libseccomp 2.5.4 is older than Nix wants; the headers of gc 8.2.2
        # hide a member that Nix uses (fixed in 8.2.4).
        -Dlibstore:seccomp-sandboxing=disabled
        -Dlibexpr:gc=disabled
    )
    build_libgit2=yes # 1.5 is too old for libfetchers
    ;;
trixie)
    packages=(
        libboost-dev libboost-container-dev libboost-context-dev
        libboost-coroutine-dev libboost-url-dev libgit2-dev libseccomp-dev meson
    )
    nix_options=(
        -Dlibstore:seccomp-sandboxing=enabled
        -Dlibexpr:gc=enabled
    )
    build_libgit2=no
    ;;
*)
    die "libnix is not installed, and this is neither Debian 12 nor 13 (${codename:-unknown})." \
        "Install Nix >= 2.26 with its development files (pkg-config must find nix-expr-c), or run inside 'nix develop'."
    ;;
esac
packages+=(
    bison ca-certificates cmake dpkg-dev flex g++ make pkg-config patch xz-utils
    python3 python3-venv jq bash-static libarchive-dev libbrotli-dev libclang-dev
    libcpuid-dev libcurl4-openssl-dev libgc-dev liblowdown-dev libpcre2-dev
    libreadline-dev libsodium-dev libsqlite3-dev libssl-dev libtoml11-dev
    lowdown nlohmann-json3-dev
)

# step NAME DESCRIPTION: runs the function `do_NAME` once.
step() {
    [ -e "$work/done.$1" ] && return
    local start=$SECONDS
    say "libnix: $2 ..."
    if ! (set -e; "do_$1") >>"$log" 2>&1; then
        tail -n 25 "$log" >&2
        die "libnix: '$2' failed; the whole log is $log." \
            "Mend the cause and run the same command again: finished steps are kept."
    fi
    touch "$work/done.$1"
    say "libnix: $2: done in $((SECONDS - start)) s"
}

# The address of the mirror that this machine uses for Debian itself.
mirror() {
    {
        sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null
        sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]].*/\2/p' \
            /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null
    } | grep -E '/debian/?$' | head -n 1
}

apt_private=(
    -o "Dir::Etc::sourcelist=$work/apt/sources.list"
    -o Dir::Etc::sourceparts=-
    -o "Dir::State::Lists=$work/apt/lists"
    -o "Dir::Cache=$work/apt/cache"
    -o APT::Sandbox::User=root
)

do_sources() {
    local uri keyring
    uri=$(mirror)
    [ -n "$uri" ] || { echo "no Debian mirror in the machine's apt sources"; return 1; }
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    printf 'deb-src [signed-by=%s] %s trixie main\n' "$keyring" "$uri" >"$work/apt/sources.list"
    apt-get "${apt_private[@]}" update
    local source
    for source in nix libgit2; do
        rm -rf "${work:?}/$source" "$work/$source.dsc"
        mkdir "$work/$source.dsc"
        (cd "$work/$source.dsc" && apt-get "${apt_private[@]}" source --download-only "$source")
        dpkg-source --no-check -x "$work/$source.dsc/"*.dsc "$work/$source"
    done
}

do_meson() {
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
    meson setup "$work/nix-build" "$work/nix" --prefix="$prefix" --libdir=lib \
        --sysconfdir="$prefix/etc" --localstatedir=/nix/var --buildtype=release \
        --pkg-config-path="$prefix/lib/pkgconfig" \
        -Ddoc-gen=false -Dunit-tests=false -Dbindings=false \
        -Dlibcmd:readline-flavor=readline \
        -Dlibstore:sandbox-shell=/usr/bin/bash-static \
        "${nix_options[@]}"
}

do_compile() {
    ninja -C "$work/nix-build" -j "$jobs"
}

# ninja's own progress, one line in ten seconds, while `do_compile` runs.
report_progress() {
    while sleep 10; do
        local at
        at=$(tail -c 4000 "$log" 2>/dev/null | tr '\r' '\n' | grep -oE '^\[[0-9]+/[0-9]+\]' | tail -n 1) || true
        [ -z "$at" ] || say "libnix: compiling $at"
    done
}

do_install() {
    ninja -C "$work/nix-build" install
}

mkdir -p "$work"
exec 9>"$work/lock"
flock 9 # a second `make` waits for the first
[ -e "$prefix/.complete" ] && exit 0
say "libnix: not found by pkg-config; building it once from Debian 13's sources"
say "libnix: (about 20 CPU-minutes; log: $log)"
install_packages "${packages[@]}"
step sources "fetching the sources of nix and libgit2"
PATH=$work/venv/bin:$PATH
export LD_LIBRARY_PATH=$prefix/lib
step meson "installing meson and ninja into a Python venv"
[ "$build_libgit2" = no ] || step libgit2 "building libgit2"
step configure "configuring Nix"
report_progress &
reporter=$!
trap 'kill "$reporter" 2>/dev/null || true' EXIT
step compile "compiling Nix"
kill "$reporter" 2>/dev/null || true
step install "installing into $prefix"
"$prefix/bin/nix" --version >&2
touch "$prefix/.complete"
rm -rf "$work"
