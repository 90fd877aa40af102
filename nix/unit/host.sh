# shellcheck shell=sh disable=SC2154
# Writes the environment of units over the host set, a file of sh.
#   out          the file
#   parts        store paths whose bin/ is on PATH, before that of $basics
#   inputs       store paths whose .pc files pkg-config finds
#   exportsPath  file with the lines for the variables of crate-env.nix
#
# Store paths need no quoting.
path=
for part in $parts "$basics"; do
    [ ! -d "$part/bin" ] || path="$path${path:+:}$part/bin"
done

pkg_config=
for input in $inputs; do
    for directory in lib/pkgconfig share/pkgconfig; do
        [ ! -d "$input/$directory" ] || pkg_config="$pkg_config${pkg_config:+:}$input/$directory"
    done
done

{
    printf 'export PATH=%s\n' "$path"
    printf 'export PKG_CONFIG_PATH=%s PKG_CONFIG_LIBDIR=%s\n' "$pkg_config" "$pkg_config"
    cat "$exportsPath"
} >"$out"
