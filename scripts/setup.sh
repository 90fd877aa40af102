#!/usr/bin/env bash
# Makes a clone buildable: Rust is looked for, libnix is looked for and, on
# Debian, built once if it is nowhere. Usage: setup.sh [--tests]
#
# libnix is the first of: what pkg-config finds (Nix >= 2.26, any prefix; inside
# `nix develop` that is the flake's), else a private prefix of ours in
# ${XDG_CACHE_HOME:-~/.cache}/cargo-nix/libnix. crates/nix-c-bindings/build.rs
# looks in the same order. With --tests, what only tests and linters run is
# installed too.
#
# Promises: a finished set-up costs well under a second and prints nothing; an
# interrupted one goes on where it stopped; without root, one command to copy
# names every missing package.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/setup/common.sh
. "$here/setup/common.sh"
# shellcheck source=scripts/setup/packages.sh
. "$here/setup/packages.sh"
tests=no
case ${1:-} in
--tests) tests=yes ;;
"") ;;
*) die "unknown argument '$1'" "usage: setup.sh [--tests]" ;;
esac

command -v cargo >/dev/null ||
    die "cargo is not on PATH." "install Rust with rustup (https://rustup.rs), then run the same command again"

have_libnix() { libnix_from_pkg_config || libnix_private; }

# In `nix develop` everything is there; elsewhere the package manager is asked.
set_up_debian() {
    local codename=$1 packages=("${packages_build[@]}")
    if ! have_libnix; then
        local -n of_release="packages_libnix_$codename"
        packages+=("${packages_libnix[@]}" "${of_release[@]}")
    fi
    if [ "$tests" = yes ]; then
        packages+=("${packages_test[@]}")
        command -v npm >/dev/null || packages+=(npm) # nushell comes from its registry
    fi
    install_packages "${packages[@]}"
    have_libnix || "$here/setup/libnix-debian.sh" "$libnix_prefix"
}

set_up_elsewhere() {
    have_libnix || die "libnix is not installed, and it is built for you on Debian 12 and 13 only." \
        "run inside 'nix develop', or install Nix >= $libnix_oldest with its development files:" \
        "'pkg-config --modversion nix-expr-c' has to answer"
}

if [ -z "${IN_NIX_SHELL:-}" ]; then
    codename=$(debian_codename)
    case $(uname -s)-$codename in
    Linux-bookworm | Linux-trixie) set_up_debian "$codename" ;;
    *) set_up_elsewhere ;; # macOS and other Linux distributions
    esac
else
    set_up_elsewhere
fi

if [ "$tests" = yes ]; then
    for component in clippy fmt; do
        said=$(cargo "$component" --version 2>&1) ||
            die "cargo $component does not run: $said" "rustup component add clippy rustfmt"
    done
    [ ! -x "$here/setup/test-tools.sh" ] || "$here/setup/test-tools.sh"
fi
