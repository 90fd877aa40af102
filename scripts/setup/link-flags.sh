#!/usr/bin/env bash
# Prints the flags with which rustc links the thin program for its users, where
# the machine has libc as an archive: with libc in it, since to load libc.so is a
# tenth of what a prompt costs, and at a fixed address, since to relocate itself
# is another (heap, stack and libraries stay where chance puts them). Prints
# nothing where there is no such libc (macOS, the compiler of nixpkgs).
set -euo pipefail

host=$(rustc -vV | sed -n 's/^host: //p')
case $host in
*-linux-gnu) ;;
*) exit 0 ;;
esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo 'int main(void) { return 0; }' >"$scratch/empty.c"
if cc -static -no-pie -o "$scratch/empty" "$scratch/empty.c" 2>/dev/null && "$scratch/empty" 2>/dev/null; then
    # Less is put into its callers than by default: it is to be small, and starts as fast.
    printf '%s\n' -Ctarget-feature=+crt-static -Crelocation-model=static -Cllvm-args=-inline-threshold=20 \
        -Cllvm-args=-inlinehint-threshold=150
fi
