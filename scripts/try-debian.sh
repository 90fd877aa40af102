#!/usr/bin/env bash
# Runs make goals from a fresh clone of HEAD in a bare Debian of its own, as
# root: what a new machine with rustup's Rust, gcc, make, git and python3 gives.
# Usage: try-debian.sh bookworm|trixie [GOAL...]   (default goal: demo)
#
# The root is made once by debootstrap, from the mirror this machine uses, in
# ${TRY_DEBIAN_DIR:-/var/tmp/cargo-nix-try}/SUITE; remove that directory to
# begin with nothing. Rust comes from this machine's rustup (RUSTUP_HOME,
# bind-mounted, read-only). Needs root; mounts live in a mount namespace and go with it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/setup/common.sh
. "$here/setup/common.sh"

# Second half, in namespaces of its own: turns ROOT into `/` and runs the goals.
# pivot_root and not chroot: user namespaces (Nix's sandbox) want a real root.
enter() {
    local root=$1 rustup=$2
    shift 2
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    mount --bind "$rustup" "$root/root/.rustup"
    mount -o remount,bind,ro "$root/root/.rustup"
    cd "$root"
    mkdir -p .old
    pivot_root . .old
    # The shell stays: as process 1 it is the one who asks how orphans ended.
    # shellcheck disable=SC2016 # expanded by the shell inside
    exec chroot . /bin/bash -euc 'umount -l /.old; cd /root/cargo-nix; "$@"; exit' bash make "$@"
}

if [ "${1:-}" = --enter ]; then
    shift
    enter "$@"
fi

suite=${1:?usage: try-debian.sh bookworm|trixie [GOAL...]}
shift
[ $# -gt 0 ] || set -- demo
[ "$(id -u)" = 0 ] || die "a Debian root can only be made by root." "sudo $0 $suite $*"
root=${TRY_DEBIAN_DIR:-/var/tmp/cargo-nix-try}/$suite
rustup=${RUSTUP_HOME:-$HOME/.rustup}
cargo_home=${CARGO_HOME:-$HOME/.cargo}
[ -x "$cargo_home/bin/rustup" ] || die "no rustup in $cargo_home/bin." "install Rust with rustup first"
[ -d "$rustup/toolchains" ] || die "no toolchains in $rustup." "install Rust with rustup first"

make_root() {
    install_packages debootstrap
    local uri
    uri=$(debian_mirror) || die "no Debian mirror in the machine's apt sources."
    say "try-debian: making a root of Debian $suite in $root"
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase --include=ca-certificates,gcc,git,libc6-dev,make,python3 \
        "$suite" "$root" "$uri" >"$root.log" 2>&1 ||
        { tail -n 20 "$root.log" >&2 && die "debootstrap failed; its log is $root.log"; }
    touch "$root/.made"
}

# How this machine reaches the network (certificates, proxies, apt's patience) is
# the network's business, not Debian's: it is the same inside.
carry_network() {
    local file
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    for file in $(grep -lsE '^Acquire::' /etc/apt/apt.conf.d/* || true); do
        cp "$file" "$root/etc/apt/apt.conf.d/"
    done
}

[ -e "$root/.made" ] || make_root
carry_network
mkdir -p "$root/root/.rustup" "$root/root/.cargo"
rm -rf "$root/root/.cargo/bin"
mkdir "$root/root/.cargo/bin"
cp "$cargo_home/bin/rustup" "$root/root/.cargo/bin/"
# rustup under its other names; what else cargo has installed here stays here.
for name in cargo cargo-clippy cargo-fmt clippy-driver rust-analyzer rustc rustdoc rustfmt; do
    ln -s rustup "$root/root/.cargo/bin/$name"
done
rm -rf "$root/root/cargo-nix"
git clone --quiet --no-hardlinks "$here/.." "$root/root/cargo-nix"

variables=(HOME=/root USER=root TERM="${TERM:-dumb}" LANG=C.UTF-8
    PATH=/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
while IFS= read -r name; do
    variables+=("$name=${!name}")
done < <(compgen -e | grep -iE '_proxy$|CERT|CA_BUNDLE|CAINFO' || true)
say "try-debian: make $* in Debian $suite, $(git -C "$root/root/cargo-nix" log -1 --format='%h %s')"
exec env -i "${variables[@]}" unshare --mount --pid --uts --fork -- \
    "$here/try-debian.sh" --enter "$root" "$rustup" "$@"
