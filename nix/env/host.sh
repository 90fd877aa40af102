# shellcheck shell=sh disable=SC2154 # variables of the derivation
# Writes the environment over the host set.
#   out            the file
#   parts          store paths whose bin/ is on PATH
#   inputs         store paths whose .pc files pkg-config finds
#   variablesPath  file with the JSON object of variables
#   restPath       file with a JSON object, the rest of the environment
#
# Store paths need no escaping in JSON.
path=
for part in $parts; do
    [ ! -d "$part/bin" ] || path="$path${path:+,}\"$part/bin\""
done

data=
for part in $parts; do
    [ ! -d "$part/share" ] || data="$data${data:+,}\"$part/share\""
done

pkg_config=
for input in $inputs; do
    for directory in lib/pkgconfig share/pkgconfig; do
        [ ! -d "$input/$directory" ] || pkg_config="$pkg_config${pkg_config:+:}$input/$directory"
    done
done

# Both: what is not an input is not found.
hermetic="\"PKG_CONFIG_PATH\":\"$pkg_config\",\"PKG_CONFIG_LIBDIR\":\"$pkg_config\""

variables=$(cat "$variablesPath")
rest=$(cat "$restPath")
variables=${variables#\{}
[ "$variables" = "}" ] || hermetic="$hermetic,"
printf '{"prepend":{"PATH":[%s]%s},"variables":{%s%s,%s\n' \
    "$path" "${data:+,\"XDG_DATA_DIRS\":[$data]}" "$hermetic" "$variables" "${rest#\{}" >"$out"
