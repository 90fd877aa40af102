# shellcheck shell=bash disable=SC2154
# Writes what stdenv has set up as a file of POSIX sh. What is the builder's own
# (its output, its directories, its phases) is left out.
(
    file=$out
    unset out outputs name system builder src srcs stdenv shell phases installPhase dontUnpack dontConfigure \
        dontBuild dontFixup buildInputs nativeBuildInputs propagatedBuildInputs propagatedNativeBuildInputs \
        depsBuildBuild depsBuildBuildPropagated depsBuildTarget depsBuildTargetPropagated depsHostHost \
        depsHostHostPropagated depsTargetTarget depsTargetTargetPropagated strictDeps doCheck doInstallCheck \
        patches cmakeFlags configureFlags mesonFlags preferLocalBuild allowSubstitutes prefix \
        HOME PWD OLDPWD SHELL SHLVL TERM TMP TMPDIR TEMP TEMPDIR TZ _ \
        NIX_BUILD_TOP NIX_BUILD_CORES NIX_LOG_FD NIX_STORE NIX_ENFORCE_PURITY SOURCE_DATE_EPOCH
    set -o posix
    export -p >"$file"
)
