#!/usr/bin/env bash
# `make leakcheck`: nothing that libnix hands to the evaluator is lost.
#
# 1,000 evaluations, in two runs:
#   valgrind: every C object and every buffer of ours must have been freed;
#   plain: the resident memory must stay flat.
# libnix is (on Debian 12) built without a collector, so the values of the Nix
# language themselves stay until the process ends, a few KiB an evaluation: that
# is told, bounded, and not what is looked for. scripts/leaks.py tells them apart.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    echo 'leakcheck: valgrind is missing' >&2
    echo '  apt-get install valgrind' >&2
    exit 1
fi

evaluations=1000
per_state=100     # as in a long-lived evaluator: a new state now and then
growth_limit=4096 # KiB between the 200th and the last

cargo build --quiet -p cargo-nix-evaluator --example evaluations
program=${CARGO_TARGET_DIR:-target}/debug/examples/evaluations

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export NIX_STORE_DIR=$work/store NIX_STATE_DIR=$work/state NIX_LOG_DIR=$work/log NIX_CONF_DIR=$work/etc
export NIX_CONFIG=$'build-hook =\nbuild-users-group =\nsubstituters ='

echo "leakcheck: $evaluations evaluations under valgrind"
valgrind --quiet --leak-check=full --show-leak-kinds=definite,possible --num-callers=40 \
    --xml=yes --xml-file="$work/valgrind.xml" "$program" "$evaluations" "$per_state" >/dev/null
python3 scripts/leaks.py "$work/valgrind.xml"

echo "leakcheck: $evaluations evaluations, resident memory"
"$program" "$evaluations" "$per_state" | tee "$work/resident"
awk -v limit="$growth_limit" '
  { resident[NR] = $3 }
  END {
    growth = resident[2] - resident[1]
    printf "leakcheck: grown by %d KiB, of %d KiB that are allowed\n", growth, limit
    exit NR != 2 || growth > limit
  }' "$work/resident"
