#!/usr/bin/env bash
# Everything that can be said about the code without running it.
# `make lint` has installed what it needs.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/setup/common.sh
. scripts/setup/common.sh

max_lines=450
failed=()
# The files under version control and those about to be; deleted ones left out.
mapfile -t files < <(git ls-files --cached --others --exclude-standard | while read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file"
done)

# matching REGEX...: the files whose path matches one of them.
matching() {
    printf '%s\n' "${files[@]}" | grep -E "$1" || true
}

# check NAME COMMAND...: runs it, remembers a failure and goes on.
check() {
    local name=$1 start=$SECONDS
    shift
    if "$@"; then
        say "lint: $name: fine ($((SECONDS - start)) s)"
    else
        say "lint: $name: FAILED"
        failed+=("$name")
    fi
}

# each COMMAND... -- FILE...: runs the command for one file after the other.
each() {
    local command=() file status=0
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    for file in "$@"; do
        "${command[@]}" "$file" || status=1
    done
    return $status
}

# Sourced by the harness of the broken projects, by whatever sh is.
mapfile -t fragments < <(matching '^tests/bad/.*\.sh$')
mapfile -t bash_files < <(
    matching '\.(sh|bash)$' | grep -v '^tests/bad/' || true
    printf '%s\n' "${files[@]}" | while read -r file; do
        case ${file##*/} in
        *.*) ;;
        *) ! head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh$' || printf '%s\n' "$file" ;;
        esac
    done
)
mapfile -t zsh_files < <(matching '\.zsh$')
mapfile -t fish_files < <(matching '\.fish$')
mapfile -t nu_files < <(matching '\.nu$')
# Broken projects are fixtures: their errors are what the tests look at.
mapfile -t nix_files < <(matching '\.nix$' | grep -vE '/fixtures/errors/|^tests/bad/' || true)

# Private items too: their comments are for those who work here.
docs() {
    RUSTDOCFLAGS='-Dwarnings -A rustdoc::private_intra_doc_links' \
        cargo doc --workspace --no-deps --document-private-items --quiet
}

nu_parses() {
    PATH=$PATH:${XDG_CACHE_HOME:-$HOME/.cache}/cargo-nix/test-tools/bin \
        nu --no-config-file -c "if not (nu-check --debug '$1') { exit 1 }"
}

nix_parses() {
    local bin
    bin=$(nix_bin)
    [ -n "$bin" ] || { say "no nix program belongs to libnix" && return 1; }
    # Parsing needs no store, but the program wants to open one.
    NIX_STORE_DIR=/nix/store NIX_REMOTE='dummy://' "$bin/nix-instantiate" --parse "$1" >/dev/null
}

short_enough() {
    local status=0 file lines
    while read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le $max_lines ] || {
            say "$file has $lines lines; $max_lines are the limit: it asks for a second room"
            status=1
        }
    done < <(matching '\.(rs|sh|nix|bash|fish|zsh|nu|elv)$')
    return $status
}

# The thin program starts at every prompt: libnix would cost it 15 ms.
thin_without_libnix() {
    cargo build --quiet --bin cargo-nix
    local program=${CARGO_TARGET_DIR:-target}/debug/cargo-nix
    if readelf -d "$program" | grep -i 'NEEDED.*libnix'; then
        say "$program links libnix"
        return 1
    fi
}

# Nothing of the machine it was made on: no mirror, no home directory.
no_machine_paths() {
    ! git grep -nIE --untracked \
        '(deb|security|ftp[.a-z]*)\.debian\.org|/(home|Users)/[a-z]+/(src|work|dev)|/tmp/wt' \
        -- . ':!scripts/lint.sh'
}

# ARCHITECTURE.md names the test that guards each invariant: `file.rs::test`;
# `::test` alone, or a file without its directory, goes on from the one before.
# shellcheck disable=SC2016 # backquotes of Markdown
named_tests_exist() {
    local status=0 named file=
    while read -r named; do
        case $named in
        ::*) ;;
        */*) file=${named%%::*} ;;
        *) file=${file%/*}/${named%%::*} ;;
        esac
        grep -qE "fn ${named##*::}\b" "$file" 2>/dev/null || {
            say "ARCHITECTURE.md names ${named##*::} in $file, which is not there"
            status=1
        }
    done < <(grep -oE '`[a-zA-Z0-9_/.-]*::[a-z0-9_]+`' ARCHITECTURE.md | tr -d '`')
    return $status
}

# macOS has bash 3.2: what users' shells read uses nothing newer (associative
# arrays, mapfile, ${x@Q}, ${x,,}, negative indices, &>>, |&, ;&, coproc,
# printf %(...)T, [[ -v, wait -n, local -n, \u in $'...', builtin export -p, ...).
for_bash_3() {
    local newer status=0 file hooks
    mapfile -t hooks < <(matching '^shell-hooks/.*\.(sh|bash)$')
    newer='(declare|local|typeset) +-[a-zA-Z]*[Agnlu]|\b(mapfile|readarray|coproc)\b|\$\{[^}]*@[QEPAKakuUL]\}'
    newer+='|\$\{[a-zA-Z_]+(\[[^]]*\])?(\^|,)|&>>|\|&|;;?&|%\([^)]*\)T|\[\[? +(! +)?-[vR] |\bwait +-[np]'
    newer+='|\[-[0-9]+\]|\{[0-9]+\.\.[0-9]+\.\.|\b(BASHPID|EPOCHSECONDS|EPOCHREALTIME|PROMPT_DIRTRIM|BASH_XTRACEFD)\b'
    newer+="|\\$'[^']*\\\\[uU][0-9a-fA-F]|\bread +-[a-zA-Z]*[iN]|>\(|shopt .*(globstar|lastpipe|inherit_errexit)|\$EPOCH"
    # Through it, not even `set -o posix` keeps it from saying `declare -x`.
    newer+='|builtin +export +-p'
    for file in "${hooks[@]}"; do
        if sed 's/^[[:space:]]*#.*//' "$file" | grep -nE "$newer"; then
            say "$file has, in the lines above, what bash 3.2 does not know"
            status=1
        fi
    done
    return $status
}

# Unfinished work has a place elsewhere.
nothing_unfinished() {
    ! git grep -nE --untracked '\b(todo|unimplemented)!|FIXME|#\[ignore' -- '*.rs' '*.sh' '*.nix' ':!scripts/lint.sh'
}

check "rustfmt" cargo fmt --all --check
check "clippy" cargo clippy --workspace --all-targets --quiet -- -D warnings
check "docs" docs
check "shellcheck" shellcheck -x "${bash_files[@]}"
check "shellcheck of fragments" shellcheck -s sh -e SC2034,SC2154 "${fragments[@]}"
check "shfmt" shfmt -d "${bash_files[@]}" "${fragments[@]}"
check "bash -n" each bash -n -- "${bash_files[@]}"
check "hooks in the words of bash 3.2" for_bash_3
check "zsh -n" each zsh -n -- "${zsh_files[@]}"
check "fish -n" each fish -n -- "${fish_files[@]}"
check "nu parses" each nu_parses -- "${nu_files[@]}"
check "nix parses" each nix_parses -- "${nix_files[@]}"
check "no libnix in the thin program" thin_without_libnix
check "length of files" short_enough
check "no machine's paths" no_machine_paths
check "tests that ARCHITECTURE.md names" named_tests_exist
check "nothing unfinished" nothing_unfinished

[ ${#failed[@]} = 0 ] || die "lint: ${#failed[@]} of the checks failed: ${failed[*]}"
say "make lint: everything is fine"
