# shellcheck shell=sh disable=SC2154 # variables of the derivation
# The component rust-src, where rust-analyzer and -Zbuild-std look for it.
#   out        where it goes
#   component  store path of the component
mkdir -p "$out/lib/rustlib"
ln -s "$component/lib/rustlib/src" "$out/lib/rustlib/src"
