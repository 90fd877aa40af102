# shellcheck shell=sh disable=SC2154 # variables of the derivation
# A component for `tools`, such as clippy or rustfmt.
#   out        where it goes
#   component  store path of the component
#   rustc      store path of the component rustc, for its libraries
#   sysroot    the toolchain
#
# Its programs look for librustc_driver in ../lib of where they really lie, and
# cargo-clippy for clippy-driver beside itself; hence copies. SYSROOT is what
# clippy-driver takes its sysroot from.
mkdir -p "$out/bin" "$out/lib"
ln -s "$rustc"/lib/lib* "$out/lib/"

for program in "$component"/bin/*; do
    name=${program##*/}
    if [ "$name" = clippy-driver ]; then
        mkdir -p "$out/libexec/bin"
        ln -s ../lib "$out/libexec/lib"
        cp "$program" "$out/libexec/bin/$name"
        cat >"$out/bin/$name" <<END
#!/bin/sh
SYSROOT=\${SYSROOT:-$sysroot}
export SYSROOT
exec $out/libexec/bin/$name "\$@"
END
        chmod +x "$out/bin/$name"
    else
        cp "$program" "$out/bin/$name"
    fi
done
