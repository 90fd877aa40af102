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
echo 'int main(void) { return 0; }' >"$scratch/empty.c"
if cc -static-pie -o "$scratch/empty" "$scratch/empty.c" 2>/dev/null && "$scratch/empty"; then
    printf '%s\n' -Ctarget-feature=+crt-static
fi
