//! Names of variables that a sandboxed build has values of its own for. Pure.

/// What Nix sets for every builder, and what sh keeps for itself: whatever a
/// process outside has under these names, a builder sees its own.
const BUILDERS: [&str; 42] = [
    "DIRSTACK",
    "ENV",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "HOME",
    "IFS",
    "LD_LIBRARY_PATH",
    "LINENO",
    "LLVM_PROFILE_FILE",
    "MAIL",
    "MAILPATH",
    "NIX_BUILD_CORES",
    "NIX_BUILD_TOP",
    "NIX_LOG_FD",
    "NIX_STORE",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PS1",
    "PS2",
    "PS4",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "TEMP",
    "TEMPDIR",
    "TERM",
    "TMP",
    "TMPDIR",
    "UID",
    "_",
];

/// Whether the builder of a unit of rustc has a value of its own for it, or uses
/// the name; that of a script's run leaves `MALLOC_CONF`, rustc's allocator's, alone.
pub fn is_compilers(name: &str) -> bool {
    name == "MALLOC_CONF" || is_builders(name)
}

/// Whether every builder has a value of its own for it, or uses the name.
pub fn is_builders(name: &str) -> bool {
    let is_ours = |rest: &str| rest.starts_with(|first: char| first.is_ascii_uppercase());
    BUILDERS.contains(&name)
        || ["BASH", "NIX_ATTRS_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        || name.strip_prefix("unit").is_some_and(is_ours)
}
