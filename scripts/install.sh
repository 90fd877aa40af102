#!/usr/bin/env bash
# Installs what `make release` built, or removes what was installed.
# Usage: install.sh install|uninstall DESTDIR PREFIX
#
# BUILT (default: target/dist) is where the programs are. The list of the
# installed files, relative to PREFIX, is share/cargo-nix/installed; uninstall
# removes these files and nothing else. Each file is written beside and renamed.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/setup/common.sh
. "$here/scripts/setup/common.sh"

verb=${1:?usage: install.sh install|uninstall DESTDIR PREFIX}
destdir=${2?usage: install.sh install|uninstall DESTDIR PREFIX}
prefix=${3:?PREFIX is empty}
case $prefix in
/*) ;;
*) die "PREFIX is not an absolute path: $prefix" "make install PREFIX=\"\$PWD/$prefix\"" ;;
esac
to=${destdir%/}${prefix%/}
list=$to/share/cargo-nix/installed

# put MODE FILE PLACE: copies FILE to PLACE below PREFIX, and notes it.
put() {
    local mode=$1 file=$2 place=$3
    mkdir -p "$to/${place%/*}"
    install -m "$mode" "$file" "$to/$place.new"
    mv -f "$to/$place.new" "$to/$place"
    printf '%s\n' "$place" >>"$noted"
}

install_all() {
    local built=${BUILT:-${CARGO_TARGET_DIR:-$here/target}/dist} scratch file noted
    for file in cargo-nix cargo-nix-eval xtask; do
        [ -x "$built/$file" ] || die "$built/$file is missing." "build first: make release"
    done
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064 # the path of now
    trap "rm -rf '$scratch'" EXIT
    noted=$scratch/installed
    put 755 "$built/cargo-nix" bin/cargo-nix
    put 755 "$built/cargo-nix-eval" libexec/cargo-nix/cargo-nix-eval
    "$built/xtask" assets "$scratch/assets"
    while IFS= read -r file; do
        put 644 "$scratch/assets/$file" "$file"
    done < <(cd "$scratch/assets" && find . -type f | sed 's,^\./,,' | sort)
    # Not the hooks that `cargo-nix hook` prints: in these stands where it is.
    while IFS= read -r file; do
        put 644 "$here/shell-hooks/$file" "share/cargo-nix/shell-hooks/$file"
    done < <(cd "$here/shell-hooks" && find . -type f ! -name 'hook.*' | sed 's,^\./,,' | sort)
    for file in README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT; do
        put 644 "$here/$file" "share/doc/cargo-nix/$file"
    done
    printf '%s\n' share/cargo-nix/installed >>"$noted"
    put 644 "$noted" share/cargo-nix/installed
    say "installed below $to; 'make uninstall PREFIX=$prefix' removes it"
    say "for 'use cargo-nix' in an .envrc of direnv, run once: cargo-nix direnv install"
    evaluator_starts
}

# The evaluator finds libnix by the path that was linked into it.
evaluator_starts() {
    local program=$to/libexec/cargo-nix/cargo-nix-eval missing
    command -v ldd >/dev/null || return 0
    missing=$(env -u LD_LIBRARY_PATH ldd "$program" | awk '/not found/ { print $1 }')
    [ -z "$missing" ] || die "$program does not find its libraries: $(echo "$missing" | xargs)" \
        "build it again where libnix is: make setup release"
}

uninstall_all() {
    local place places
    [ -e "$list" ] || die "nothing of cargo-nix is installed below $to" "say where: make uninstall PREFIX=..."
    cd "$to"
    # All of the list first: it is among what is removed.
    mapfile -t places <share/cargo-nix/installed
    for place in "${places[@]}"; do
        case $place in
        /* | *..*) die "$list has a line that is not ours: $place" ;;
        esac
        rm -f "$place"
        rmdir -p "${place%/*}" 2>/dev/null || true # as far up as nothing is left
    done
    say "removed from $to"
}

case $verb in
install) install_all ;;
uninstall) uninstall_all ;;
*) die "unknown verb '$verb'" "install or uninstall" ;;
esac
