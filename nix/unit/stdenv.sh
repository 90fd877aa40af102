# shellcheck shell=bash disable=SC2154
# Writes what stdenv has set up as a file of POSIX sh. What is the builder's own
# (its output, its directories, its phases) is left out.
(
    file=$out
    # What the project sets under names that mean something to the setup.
    exports=$(<"$unitExportsPath")
    unset unitExportsPath passAsFile \
        out outputs name system builder src srcs stdenv shell phases installPhase dontUnpack dontConfigure \
        dontBuild dontFixup buildInputs nativeBuildInputs propagatedBuildInputs propagatedNativeBuildInputs \
        depsBuildBuild depsBuildBuildPropagated depsBuildTarget depsBuildTargetPropagated depsHostHost \
        depsHostHostPropagated depsTargetTarget depsTargetTargetPropagated strictDeps doCheck doInstallCheck \
        patches cmakeFlags configureFlags mesonFlags preferLocalBuild allowSubstitutes prefix \
        HOME PWD OLDPWD SHELL SHLVL TERM TMP TMPDIR TEMP TEMPDIR TZ _ \
        NIX_BUILD_TOP NIX_BUILD_CORES NIX_LOG_FD NIX_STORE NIX_ENFORCE_PURITY SOURCE_DATE_EPOCH
    # Seeds and sandboxes of this derivation are not those of the units.
    NIX_CFLAGS_COMPILE=${NIX_CFLAGS_COMPILE-}
    seed=${file##*/}
    NIX_CFLAGS_COMPILE=${NIX_CFLAGS_COMPILE//" -frandom-seed=${seed:0:10}"/}
    [ "${SSL_CERT_FILE-}" != /no-cert-file.crt ] || unset SSL_CERT_FILE
    [ "${NIX_SSL_CERT_FILE-}" != /no-cert-file.crt ] || unset NIX_SSL_CERT_FILE
    unset NIX_NO_SELF_RPATH
    set -o posix
    export -p >"$file"
    printf '%s\n' "$exports" >>"$file"
)
