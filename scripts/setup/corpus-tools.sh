#!/usr/bin/env bash
# Installs what the projects of `make corpus` need besides what `make test`
# does: libraries and programs that their build scripts ask for.
set -euo pipefail
# shellcheck source=scripts/setup/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/setup/packages.sh
. "$(dirname "$0")/packages.sh"

if command -v dpkg-query >/dev/null; then
    install_packages "${packages_corpus[@]}"
fi
python3 -c 'import tomllib' 2>/dev/null || die "python3 is missing, or older than 3.11." "install Python 3.11 or newer"
