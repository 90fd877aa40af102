#!/usr/bin/env bash
# Prints the flags with which rustc links the thin program for its users: with
# libc in it where the machine has libc as an archive, since to load libc.so is
# a tenth of what a prompt costs. Prints nothing where it has none (macOS, the
# compiler of nixpkgs).
set -euo pipefail

host=$(rustc -vV | sed -n 's/^host: //p')
case $host in
*-linux-gnu) ;;
*) exit 0 ;;
esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The pointer is one more that the program itself has to relocate.
echo 'int zero; int *pointer = &zero; int main(void) { return *pointer; }' >"$scratch/empty.c"
works() {
    cc -static-pie "$@" -o "$scratch/empty" "$scratch/empty.c" 2>/dev/null && "$scratch/empty" 2>/dev/null
}
works || exit 0
printf '%s\n' -Ctarget-feature=+crt-static
# A tenth of a megabyte less to map, where libc (glibc 2.36) can read it.
if works -Wl,-z,pack-relative-relocs; then
    printf '%s\n' -Clink-arg=-Wl,-z,pack-relative-relocs
fi
