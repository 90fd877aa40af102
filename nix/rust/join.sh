# shellcheck shell=sh disable=SC2154 # variables of the derivation
# A toolchain out of its components: links to their files below one directory.
#   out         where it goes
#   components  store paths: rustc, cargo, the std of each target, …
mkdir "$out"
for component in $components; do
    cp -rs --no-preserve=mode "$component/." "$out/"
done

# rustc takes its sysroot from where librustc_driver really lies, which is the
# component and holds no std; so it is told, unless the caller does.
# libexec/NAME is the program itself, for callers that give --sysroot.
mkdir -p "$out/libexec"
for program in rustc rustdoc; do
    [ -e "$out/bin/$program" ] || continue
    mv "$out/bin/$program" "$out/libexec/$program"
    cat >"$out/bin/$program" <<END
#!/bin/sh
case " \$* " in *" --sysroot"*) exec $out/libexec/$program "\$@" ;; esac
exec $out/libexec/$program --sysroot $out "\$@"
END
    chmod +x "$out/bin/$program"
done
