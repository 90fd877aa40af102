#!/usr/bin/env bash
# direnv's tests, and those of the hooks that bash runs, with the bash and the
# direnv of other Debian suites: the ends of what is supported that Debian has.
#   scripts/try-versions.sh [SUITE...]     (bullseye sid)
#
# The packages are unpacked below ${TRY_VERSIONS_DIR:-target/try-versions}/SUITE,
# by an apt with lists of its own: nothing of the machine changes.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/setup/common.sh
. scripts/setup/common.sh

[ $# -gt 0 ] || set -- bullseye sid
top=$(mkdir -p "${TRY_VERSIONS_DIR:-target/try-versions}" && cd "${TRY_VERSIONS_DIR:-target/try-versions}" && pwd)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$(debian_mirror) || die "no Debian mirror in the machine's apt sources."

apt_of() {
    local dir=$1
    shift
    apt-get -qq -o "Dir::State=$dir/state" -o Dir::State::status=/var/lib/dpkg/status \
        -o "Dir::Cache=$dir/cache" -o "Dir::Etc::sourcelist=$dir/list" -o Dir::Etc::sourceparts=/nonexistent \
        -o APT::Sandbox::User=root "$@"
}

# An older bash runs with this machine's libraries. A newer one may not: then the
# static one does, which in turn is only right where the C library is no older.
bring() {
    local suite=$1 dir=$top/$1 file
    mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial" "$dir/bin" "$dir/root"
    echo "deb [signed-by=$keys] $mirror $suite main" >"$dir/list"
    apt_of "$dir" update || die "$suite has no packages at $mirror."
    (cd "$dir" && rm -f ./*.deb && apt_of "$dir" download "bash/$suite" "bash-static/$suite" "direnv/$suite")
    for file in "$dir"/*.deb; do
        dpkg-deb -x "$file" "$dir/root"
    done
    for file in "$dir"/root{,/usr}/bin/{bash,bash-static}; do
        if "$file" --version >/dev/null 2>&1; then
            ln -sf "$file" "$dir/bin/bash"
            break
        fi
    done
    ln -sf "$dir/root/usr/bin/direnv" "$dir/bin/direnv"
}

names=()
for file in tests/direnv_*.rs tests/hooks_*.rs; do
    name=${file#tests/}
    names+=(--test "${name%.rs}")
done
for suite in "$@"; do
    bring "$suite"
    # shellcheck disable=SC2016 # that bash expands it
    tried="bash $("$top/$suite/bin/bash" -c 'echo "$BASH_VERSION"'), direnv $("$top/$suite/bin/direnv" version)"
    say "try-versions: $suite has $tried"
    PATH=$top/$suite/bin:$PATH "${CARGO:-cargo}" test --no-fail-fast "${names[@]}"
    say "try-versions: all of it passed with $tried"
done
