# shellcheck shell=sh disable=SC2154 # variables of the derivation
# Writes the environment over the host set.
#   out            the file
#   searchPath     nix/host/search-path.sh
#   parts          store paths whose bin/ is on PATH
#   inputs         store paths whose .pc files pkg-config finds
#   variablesPath  file with the JSON object of variables
#   restPath       file with a JSON object, the rest of the environment
#
# Store paths need no escaping in JSON.

# shellcheck source=nix/host/search-path.sh
. "$searchPath"
path=$(search_path '","' "$parts" bin)
data=$(search_path '","' "$parts" share)
pkg_config=$(search_path : "$inputs" lib/pkgconfig share/pkgconfig)

# Both: what is not an input is not found.
hermetic="\"PKG_CONFIG_PATH\":\"$pkg_config\",\"PKG_CONFIG_LIBDIR\":\"$pkg_config\""

variables=$(cat "$variablesPath")
rest=$(cat "$restPath")
variables=${variables#\{}
[ "$variables" = "}" ] || hermetic="$hermetic,"
printf '{"prepend":{"PATH":[%s]%s},"variables":{%s%s,%s\n' \
    "${path:+\"$path\"}" "${data:+,\"XDG_DATA_DIRS\":[\"$data\"]}" "$hermetic" "$variables" "${rest#\{}" >"$out"
