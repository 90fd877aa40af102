# shellcheck shell=sh disable=SC2154,SC3013
# Succeeds in a sandbox that shows $expected and nothing else; each argument is
# `<place>=<path in the store>`, which must be one and the same there. Run by
# whatever shell Nix puts there: nothing but what that has built in.
for found in /* /etc/* /bin/*; do
    case "$expected $NIX_BUILD_TOP " in
    *" $found "*) ;;
    *)
        echo "the sandbox shows $found" >&2
        exit 1
        ;;
    esac
done
for mount; do
    if ! [ "${mount%%=*}" -ef "${mount#*=}" ]; then
        echo "the sandbox does not show ${mount%%=*} as it was told" >&2
        exit 1
    fi
done
: >"$out"
