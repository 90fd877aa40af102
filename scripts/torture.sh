#!/usr/bin/env bash
# What is random, killed at any instant, or raced for, again and again: each
# time with numbers of its own.
#   scripts/torture.sh [TIMES]     (3)
# Ends with 1 as soon as something fails, and says how to have it again.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
times=${1:-3}
case $times in
'' | *[!0-9]*)
    echo "torture: '$times' is not a number" >&2
    exit 1
    ;;
esac

# Edits of a workspace, beside plain cargo; what a shell has after it was in a
# project; what the collector may take; the graph of a closure.
random=(build_fresh direnv_leaving hooks_restored hooks_diff gc_plan closure_graph shells_values inputs_nar)
# Killed or damaged; two at work at once; jobs in the background.
raced=(bad_interrupted build_collected direnv_background direnv_jobs hooks_jobs store_private env_progress)

names=()
for name in "${random[@]}" "${raced[@]}"; do
    names+=(--test "$name")
done
for ((time = 1; time <= times; time++)); do
    seed=$RANDOM
    echo "torture: $time of $times, CARGO_NIX_TEST_SEED=$seed" >&2
    CARGO_NIX_TEST_SEED=$seed "$cargo" test "${names[@]}"
done
echo "make torture: all of it passed, $times times"
