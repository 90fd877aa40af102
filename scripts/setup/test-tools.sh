#!/usr/bin/env bash
# Installs what the tests and the linters run besides Rust. From Debian: shells,
# direnv, shellcheck, shfmt, valgrind. Into a private prefix: nushell, which
# Debian does not have, from the npm registry, and a rust-analyzer
# (rust-analyzer.sh). Says nothing when there is nothing to do.
# Usage: test-tools.sh [PREFIX]
# Promises: what other programs have installed through npm is not touched; the
# prefix carries `.complete` only when `nu` in it has run once.
set -euo pipefail

nushell=0.115.1
prefix=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/cargo-nix/test-tools}
# shellcheck source=scripts/setup/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/setup/packages.sh
. "$(dirname "$0")/packages.sh"

# install_nushell: to $prefix/bin/nu; unpacked beside it, then renamed.
install_nushell() {
    local new=$prefix/npm.new program
    command -v npm >/dev/null || install_packages npm nodejs
    say "installing nushell $nushell into $prefix"
    rm -rf "$new"
    mkdir -p "$new" "$prefix/bin"
    npm install --prefix "$new" --no-audit --no-fund --no-save --loglevel=error \
        "nushell@$nushell" >"$new/log" 2>&1 || {
        tail -n 20 "$new/log" >&2
        die "npm could not install nushell $nushell." "see $new/log; the npm registry has to be reachable"
    }
    # The package's own `nu` is a node script that looks for the real program,
    # which costs each start a few hundred milliseconds.
    program=$(find "$new/node_modules/@nushell" -type f -name nu -size +1M | head -n 1)
    [ -n "$program" ] || die "the npm package nushell $nushell has no program for $(uname -sm)." \
        "put nu $nushell on PATH yourself"
    "$program" --no-config-file -c 'version | get version' >/dev/null || die "$program does not start."
    mv -f "$program" "$prefix/bin/nu"
    rm -rf "$new"
    echo "$nushell" >"$prefix/.complete"
}

if command -v dpkg-query >/dev/null; then
    install_packages "${packages_test[@]}"
else
    for tool in zsh fish elvish direnv dash shellcheck shfmt; do
        command -v "$tool" >/dev/null || die "$tool is missing." "install it with the machine's package manager"
    done
fi
[ "$(cat "$prefix/.complete" 2>/dev/null)" = "$nushell" ] || install_nushell
"$(dirname "$0")/rust-analyzer.sh" "$prefix"
