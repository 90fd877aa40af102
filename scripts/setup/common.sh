# shellcheck shell=bash
# Shared by the scripts: messages, packages of the distribution, and where
# libnix is looked for. Only defines functions and constants.

# The oldest Nix whose C API is supported, and the one that is built when a
# Debian machine has none.
libnix_oldest=2.26
libnix_version=2.26.3
libnix_modules=(nix-util-c nix-store-c nix-expr-c nix-flake-c)
libnix_prefix=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/cargo-nix/libnix/$libnix_version
# Changes with everything that makes an older private prefix unfit; the prefix's
# `.complete` holds it.
libnix_recipe=2
apt_configuration=/etc/apt

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $1"
    shift
    local line
    for line in "$@"; do say "  $line"; done
    exit 1
}

# libnix_from_pkg_config: true if pkg-config by itself finds a libnix that will do.
libnix_from_pkg_config() {
    command -v pkg-config >/dev/null || return 1
    local module
    for module in "${libnix_modules[@]}"; do
        pkg-config --atleast-version="$libnix_oldest" "$module" 2>/dev/null || return 1
    done
}

# libnix_private: true if the private prefix is finished and of this recipe.
libnix_private() {
    [ "$(cat "$libnix_prefix/.complete" 2>/dev/null)" = "$libnix_recipe" ]
}

# nix_bin: the directory of the `nix` program that belongs to libnix; nothing
# if there is none.
nix_bin() {
    local bin
    if libnix_from_pkg_config; then
        bin=$(pkg-config --variable=prefix nix-store-c)/bin
        [ -x "$bin/nix" ] || bin=$(dirname "$(command -v nix 2>/dev/null)" 2>/dev/null) || bin=
    elif libnix_private; then
        bin=$libnix_prefix/bin
    fi
    [ -z "${bin:-}" ] || printf '%s\n' "$bin"
}

# missing_packages PACKAGE...: those that are not installed, one a line.
missing_packages() {
    comm -23 <(printf '%s\n' "$@" | sort -u) \
        <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
            sed -n 's/ installed$//p' | sort -u)
}

# install_packages PACKAGE...: installs what is missing; without root, says
# which packages are missing in one command to copy.
install_packages() {
    local missing log
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        die "packages are missing, and installing them takes root. Run this, then try again:" \
            "sudo apt-get install -y --no-install-recommends ${missing[*]}"
    fi
    say "installing: ${missing[*]}"
    local apt=(apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # An update that fails is not fatal: the lists at hand may do.
    "${apt[@]}" update >"$log" 2>&1 || say "apt-get update failed; going on with the lists at hand"
    if ! "${apt[@]}" install --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install the packages above." \
            "see its messages; 'apt-get update' and a look at the machine's apt sources often help"
    fi
    rm -f "$log"
}

# debian_codename: of this machine, or nothing.
debian_codename() {
    # shellcheck source=/dev/null
    (. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] && printf %s "${VERSION_CODENAME:-}") || true
}

# debian_mirror: the address of the mirror that this machine uses for Debian itself.
debian_mirror() {
    local directory=$apt_configuration
    {
        sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p' "$directory"/sources.list.d/*.sources || true
        sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]].*/\2/p' \
            "$directory"/sources.list "$directory"/sources.list.d/*.list || true # either form may be absent
    } 2>/dev/null | of_mirror_lists | grep -E '/debian/?$' | head -n 1
}

# of_mirror_lists: addresses as they come, `mirror+file:` ones replaced by the
# first that the file lists (as machines in a cloud have it).
of_mirror_lists() {
    local uri
    while read -r uri; do
        case $uri in
        mirror+file:*)
            uri=${uri#mirror+file:}
            sed -nE '/^[^#[:space:]]/{s/[[:space:]].*//p;t;p}' "${uri#//}" 2>/dev/null | head -n 1
            ;;
        *) printf '%s\n' "$uri" ;;
        esac
    done
}
