# shellcheck shell=sh disable=SC2154
# Writes the environment of units over the host set, a file of sh.
#   out          the file
#   searchPath   nix/host/search-path.sh
#   parts        store paths whose bin/ is on PATH, before that of $basics
#   inputs       store paths whose .pc files pkg-config finds
#   exportsPath  file with the lines for the variables of crate-env.nix
#
# Store paths need no quoting.

# shellcheck source=nix/host/search-path.sh
. "$searchPath"
path=$(search_path : "$parts $basics" bin)
pkg_config=$(search_path : "$inputs" lib/pkgconfig share/pkgconfig)

{
    printf 'export PATH=%s\n' "$path"
    printf 'export PKG_CONFIG_PATH=%s PKG_CONFIG_LIBDIR=%s\n' "$pkg_config" "$pkg_config"
    cat "$exportsPath"
} >"$out"
