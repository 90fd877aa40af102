# shellcheck shell=bash disable=SC1090,SC1091,SC2059,SC2154 # variables of the derivation
# Writes the environment that nixpkgs' setup makes of a derivation's inputs.
# Run by the stdenv's own bash; besides what the derivation had of its own:
#   cargoNixRest          a JSON object: the rest of the environment
#   cargoNixVariables     a JSON object: variables that beat those of the setup
#                         (these two in the files cargoNix…Path, but with structured
#                         attributes)
#   cargoNixGiven         their names
#   cargoNixTools         store paths that are on PATH only
#   cargoNixOwnPath       entries of PATH that the setup adds for itself
#   cargoNixDrop          names that are not exported
#   cargoNixDropPrefixes  beginnings of names that are not exported
if [ -n "${NIX_ATTRS_SH_FILE-}" ] && [ -e "$NIX_ATTRS_SH_FILE" ]; then
    # Structured attributes: variables of this shell, of which `env` is exported.
    source "$NIX_ATTRS_SH_FILE"
    out=${outputs[out]}
fi
target=$out
[ -z "${cargoNixRestPath-}" ] || cargoNixRest=$(<"$cargoNixRestPath")
[ -z "${cargoNixVariablesPath-}" ] || cargoNixVariables=$(<"$cargoNixVariablesPath")

# A phase of the user's must not run, and the setup must not see our output.
source "$stdenv/setup"
trap - EXIT ERR
set +eu

# json STRING: the string as a JSON literal, in REPLY. Bytes that are not valid
# UTF-8 are left as they are; the reader of the file refuses them.
json() {
    local text=$1 char code
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\r'/\\r}
    text=${text//$'\t'/\\t}
    if [[ $text == *[$'\001'-$'\037']* ]]; then
        for code in {1..31}; do
            printf -v char "\\x$(printf %x "$code")"
            printf -v REPLY '\\u%04x' "$code"
            text=${text//"$char"/$REPLY}
        done
    fi
    REPLY="\"$text\""
}

# list NAME: the entries of a variable like PATH as a JSON list, in REPLY,
# without those of cargoNixOwnPath, each once.
list() {
    local entry result='' seen=:
    local IFS=:
    for entry in ${!1}; do
        [[ -n $entry && $seen != *":$entry:"* ]] || continue
        [[ $1 != PATH || ":$cargoNixOwnPath:" != *":$entry:"* ]] || continue
        [[ $entry == "$NIX_STORE"/* ]] || continue
        seen+="$entry:"
        json "$entry"
        result+=${result:+,}$REPLY
    done
    REPLY="[$result]"
}
set -f

path_of_inputs=$PATH
NIX_STORE=${NIX_STORE:-${out%/*}}

# A hook of every stdenv makes a seed of the output's path; the flags of a build
# are not to change with what else the environment holds.
seed=${NIX_OUTPATH_USED_AS_RANDOM_SEED:-$target}
seed=${seed##*/}
NIX_CFLAGS_COMPILE=${NIX_CFLAGS_COMPILE-}
NIX_CFLAGS_COMPILE=${NIX_CFLAGS_COMPILE//" -frandom-seed=${seed:0:10}"/}
[ -n "$NIX_CFLAGS_COMPILE" ] || unset NIX_CFLAGS_COMPILE

drop=" $cargoNixDrop $cargoNixGiven PATH XDG_DATA_DIRS "
variables=${cargoNixVariables#\{}
variables=${variables%\}}
while IFS= read -r line; do
    # A line of a value may look like a declaration: only what is exported counts.
    [[ $line =~ ^declare\ -[A-Za-z]*x[A-Za-z]*\ ([A-Za-z_][A-Za-z0-9_]*)(=|$) ]] || continue
    name=${BASH_REMATCH[1]}
    [[ $name != cargoNix* && $drop != *" $name "* && -n ${!name+set} ]] || continue
    # What stands there so that nothing is found in a sandbox.
    [[ ${!name} != /no-cert-file.crt ]] || continue
    for prefix in $cargoNixDropPrefixes; do
        [[ $name != "$prefix"* ]] || continue 2
    done
    drop+="$name "
    json "${!name}"
    variables+="${variables:+,}\"$name\":$REPLY"
done < <(declare -px)

PATH=$path_of_inputs
for tool in $cargoNixTools; do
    [ ! -d "$tool/bin" ] || PATH+=:$tool/bin
    [ ! -d "$tool/share" ] || XDG_DATA_DIRS=${XDG_DATA_DIRS:+$XDG_DATA_DIRS:}$tool/share
done
list PATH
prepend="\"PATH\":$REPLY"
if [ -n "${XDG_DATA_DIRS-}" ]; then
    list XDG_DATA_DIRS
    [ "$REPLY" = "[]" ] || prepend+=",\"XDG_DATA_DIRS\":$REPLY"
fi

printf '{"prepend":{%s},"variables":{%s},%s\n' "$prepend" "$variables" "${cargoNixRest#\{}" >"$target"
exit 0
