//! Every environment variable that cargo-nix reads is read here, once, into
//! [`Vars`]; an error names the variable.

mod homeless;

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Set by `cargo-nix develop` for its shell: the directory it is for.
pub const DEVELOP: &str = "CARGO_NIX_DEVELOP";

/// Told to prompts by the hooks: `ready`, `building`, `stale` or `failed`.
pub const STATUS: &str = "CARGO_NIX_STATUS";

/// What the environment at hand compiles with (`src/build/context.rs`); set by
/// the environment.
pub const UNITS_CONTEXT: &str = "CARGO_NIX_UNITS_CONTEXT";

/// The RUSTC_WRAPPER that there was before the environment: local units go
/// through it.
pub const LOCAL_WRAPPER: &str = "CARGO_NIX_LOCAL_WRAPPER";

/// Cargo's own: what is called in the place of rustc.
pub const RUSTC_WRAPPER: &str = "RUSTC_WRAPPER";

/// `0`: cargo compiles as if cargo-nix were not there.
pub const UNITS: &str = "CARGO_NIX_UNITS";

/// The variables of this process that cargo-nix heeds.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_CACHE_HOME`; ignored when relative, as the XDG specification asks.
    pub xdg_cache_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`; ignored when relative, likewise.
    pub xdg_data_home: Option<PathBuf>,
    /// `CARGO_NIX_EVAL`: the evaluator to start instead of the one beside us.
    pub evaluator: Option<PathBuf>,
    /// `PATH`.
    pub path: Option<OsString>,
    /// `NO_COLOR` is set and not empty: no colour.
    pub no_color: bool,
    /// `RUSTUP_HOME`.
    pub rustup_home: Option<PathBuf>,
    /// `NIX_STORE_DIR`, or its older name `NIX_STORE`.
    pub nix_store_dir: Option<PathBuf>,
    /// `NIX_REMOTE`.
    pub nix_remote: Option<OsString>,
    /// direnv's configuration: `DIRENV_CONFIG`, else `XDG_CONFIG_HOME/direnv`.
    pub direnv_config: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `DIRENV_WATCHES`: what direnv watches so far, while it loads an .envrc.
    pub direnv_watches: Option<OsString>,
    /// `DIRENV_DIR`: this is a shell that direnv has loaded an .envrc into.
    pub in_direnv: bool,
    /// `CI` is set to something else than `false`: nobody is at a prompt.
    pub ci: bool,
    /// `NIX_CONF_DIR`.
    pub nix_conf_dir: Option<PathBuf>,
    /// `SHELL`.
    pub shell: Option<OsString>,
    /// `GITHUB_ENV`: a file; what is appended there, later steps have as variables.
    pub github_env: Option<PathBuf>,
    /// `GITHUB_PATH`: a file; what is appended there, later steps have on PATH.
    pub github_path: Option<PathBuf>,
    /// [`DEVELOP`]: the directory of the `cargo-nix develop` we are in.
    pub develop: Option<PathBuf>,
    /// `CARGO_HOME`.
    pub cargo_home: Option<PathBuf>,
    /// [`UNITS_CONTEXT`].
    pub units_context: Option<PathBuf>,
    /// [`LOCAL_WRAPPER`].
    pub local_wrapper: Option<PathBuf>,
    /// `CARGO_BUILD_RUSTC_WRAPPER`: cargo's other name of it.
    pub cargo_build_rustc_wrapper: Option<PathBuf>,
    /// [`RUSTC_WRAPPER`].
    pub rustc_wrapper: Option<PathBuf>,
    /// [`UNITS`] is not `0`.
    pub units: bool,
    /// `CARGO_NIX_DEBUG` is set: say on standard error why a unit is local.
    pub debug: bool,
    /// All variables as they were before a hook entered an environment, if this
    /// process is inside of one and the others above are those of outside
    /// (`src/hook/outside.rs`). Programs that look at a project or evaluate it
    /// are started with these.
    pub outside: Option<BTreeMap<OsString, OsString>>,
}

/// Whether this value of [`UNITS`] turns units off.
pub fn is_off(units: Option<OsString>) -> bool {
    units.is_some_and(|value| value == "0")
}

impl Vars {
    /// Reads the variables of this process.
    pub fn read() -> Self {
        Vars::of(&|name| std::env::var_os(name))
    }

    /// Reads variables that are those of this process, or were.
    pub fn of(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let path_of = |name| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        Vars {
            home: path_of("HOME").filter(|p| p.is_absolute()),
            xdg_cache_home: path_of("XDG_CACHE_HOME").filter(|p| p.is_absolute()),
            xdg_data_home: path_of("XDG_DATA_HOME").filter(|p| p.is_absolute()),
            evaluator: path_of("CARGO_NIX_EVAL"),
            path: variable("PATH"),
            no_color: path_of("NO_COLOR").is_some(),
            rustup_home: path_of("RUSTUP_HOME"),
            nix_store_dir: path_of("NIX_STORE_DIR").or_else(|| path_of("NIX_STORE")),
            nix_remote: variable("NIX_REMOTE"),
            direnv_config: path_of("DIRENV_CONFIG")
                .or_else(|| Some(path_of("XDG_CONFIG_HOME")?.join("direnv"))),
            xdg_config_home: path_of("XDG_CONFIG_HOME").filter(|p| p.is_absolute()),
            direnv_watches: variable("DIRENV_WATCHES"),
            in_direnv: path_of("DIRENV_DIR").is_some(),
            ci: path_of("CI").is_some_and(|ci| ci != Path::new("false")),
            nix_conf_dir: path_of("NIX_CONF_DIR"),
            shell: variable("SHELL").filter(|shell| !shell.is_empty()),
            github_env: path_of("GITHUB_ENV"),
            github_path: path_of("GITHUB_PATH"),
            develop: path_of(DEVELOP),
            cargo_home: path_of("CARGO_HOME"),
            units_context: path_of(UNITS_CONTEXT),
            local_wrapper: path_of(LOCAL_WRAPPER),
            rustc_wrapper: path_of(RUSTC_WRAPPER),
            cargo_build_rustc_wrapper: path_of("CARGO_BUILD_RUSTC_WRAPPER"),
            units: !is_off(variable(UNITS)),
            debug: path_of("CARGO_NIX_DEBUG").is_some(),
            outside: None,
        }
    }

    /// `${CARGO_HOME:-~/.cargo}`.
    pub fn cargo_home(&self) -> Option<PathBuf> {
        self.cargo_home
            .clone()
            .or_else(|| Some(self.home.as_ref()?.join(".cargo")))
    }

    /// `${XDG_CACHE_HOME:-~/.cache}/cargo-nix`. With neither variable, as in a
    /// bare container, `/tmp/cargo-nix-<user id>`, and a word about it.
    ///
    /// # Errors
    /// [`Error::NoHome`] if neither variable is set, and the directory in /tmp
    /// is not ours alone.
    pub fn cache_dir(&self) -> Result<PathBuf> {
        match (&self.xdg_cache_home, &self.home) {
            (Some(cache), _) => Ok(cache.join("cargo-nix")),
            (None, Some(home)) => Ok(home.join(".cache/cargo-nix")),
            // Inside of an environment the hook has said so already.
            (None, None) => homeless::cache_dir(self.outside.is_none()),
        }
    }

    /// `${XDG_DATA_HOME:-~/.local/share}/cargo-nix`.
    ///
    /// # Errors
    /// [`Error::NoHome`] if neither variable is set.
    pub fn data_dir(&self) -> Result<PathBuf> {
        match (&self.xdg_data_home, &self.home) {
            (Some(data), _) => Ok(data.join("cargo-nix")),
            (None, Some(home)) => Ok(home.join(".local/share/cargo-nix")),
            (None, None) => Err(Error::NoHome("neither XDG_DATA_HOME nor HOME")),
        }
    }

    /// `${DIRENV_CONFIG:-${XDG_CONFIG_HOME:-~/.config}/direnv}`.
    ///
    /// # Errors
    /// [`Error::NoHome`] if none of these variables is set.
    pub fn direnv_dir(&self) -> Result<PathBuf> {
        let below_home = || Some(self.home.as_ref()?.join(".config/direnv"));
        self.direnv_config
            .clone()
            .or_else(below_home)
            .ok_or(Error::NoHome("none of DIRENV_CONFIG, XDG_CONFIG_HOME and HOME"))
    }

    /// The store directory, as libnix will find it.
    pub fn store_dir(&self) -> PathBuf {
        self.nix_store_dir
            .clone()
            .unwrap_or_else(|| PathBuf::from("/nix/store"))
    }

    /// `NIX_REMOTE`, where it names another store than that of this machine in
    /// [`Vars::store_dir`]: which of the usual ways leads there makes no difference.
    pub fn other_store(&self) -> &OsStr {
        let usual = |remote: &&OsStr| {
            ["", "auto", "daemon", "local"]
                .iter()
                .any(|name| *remote == *name)
        };
        let remote = self.nix_remote.as_deref().filter(|remote| !usual(remote));
        remote.unwrap_or_default()
    }
}
