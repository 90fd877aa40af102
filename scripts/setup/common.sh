# shellcheck shell=bash
# Shared by the set-up scripts: messages, and packages of the distribution.

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $1"
    shift
    local line
    for line in "$@"; do say "  $line"; done
    exit 1
}

# install_packages PACKAGE...: installs what is missing; without root, says
# which packages are missing in one command to copy.
install_packages() {
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        die "packages are missing, and installing them takes root. Run this, then try again:" \
            "sudo apt-get install -y --no-install-recommends ${missing[*]}"
    fi
    say "installing: ${missing[*]}"
    local apt=(apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" update >/dev/null 2>&1 || true
    local log
    log=$(mktemp)
    if ! "${apt[@]}" install --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install the packages above."
    fi
    rm -f "$log"
}
