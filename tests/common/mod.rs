//! Shared by the tests: a world of one's own for each test (HOME, cache,
//! project directory), over one store for the whole test run.
//!
//! The store lies in `target/test-store`, so that a toolchain is imported once;
//! [`World::with_own_store`] gives a test a store that nobody else sees.
#![allow(dead_code)]

pub mod pty;
pub mod units;

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A HOME, a cache and a place for projects, removed when dropped.
pub struct World {
    dir: TempDir,
    store: PathBuf,
}

impl World {
    /// A fresh world over the test run's store.
    pub fn new() -> World {
        let store = target_dir().join("test-store");
        World::over(store)
    }

    /// A fresh world with a store of its own.
    pub fn with_own_store() -> World {
        let mut world = World::over(PathBuf::new());
        world.store = world.dir.path().join("store");
        world
    }

    fn over(store: PathBuf) -> World {
        let dir = tempfile::Builder::new()
            .prefix("cargo-nix-test-")
            .tempdir()
            .expect("a directory for the test");
        std::fs::create_dir_all(dir.path().join("home")).expect("a HOME for the test");
        World { dir, store }
    }

    /// The directory that holds everything of this world.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// This world's HOME.
    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// This world's cache of cargo-nix.
    pub fn cache(&self) -> PathBuf {
        self.home().join(".cache/cargo-nix")
    }

    /// `NIX_STORE_DIR` of this world.
    pub fn store_dir(&self) -> PathBuf {
        self.store.join("nix/store")
    }

    /// Copies `from` (relative to the repository) to `<world>/<name>`.
    pub fn project(&self, from: &str, name: &str) -> PathBuf {
        let to = self.path().join(name);
        let status = Command::new("cp")
            .arg("-a")
            .arg(repository().join(from))
            .arg(&to)
            .status()
            .expect("cp starts");
        assert!(status.success(), "copying {from}");
        to
    }

    /// Writes `<world>/<path>`, with the directories above it.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(&path, text).expect("a file of the test");
        path
    }

    /// A shell script at `<world>/<path>`, which can be run. It is written by
    /// another process: a program that is open for writing in this one, or in
    /// what another of its threads has just forked, cannot be started.
    pub fn script(&self, path: &str, text: &str) -> PathBuf {
        let written = self.write(&format!("{path}.text"), &format!("#!/bin/sh\n{text}\n"));
        self.install(&written, path)
    }

    /// A copy of the program `from` at `<world>/<path>`, likewise.
    pub fn install(&self, from: &Path, path: &str) -> PathBuf {
        let to = self.path().join(path);
        success(
            self.command("install")
                .args(["-D", "-m", "755"])
                .arg(from)
                .arg(&to),
        );
        to
    }

    /// `cargo-nix` in this world: an environment of a few known variables only.
    pub fn cargo_nix(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_cargo-nix"))
    }

    /// Any program in this world.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", test_path())
            .env("LANG", "C.UTF-8")
            .env("RUSTUP_HOME", rustup_home())
            .env("CARGO_NIX_EVAL", evaluator())
            .env("NIX_CONFIG", "substituters =")
            .envs(self.store_variables())
            .current_dir(self.path());
        command
    }

    /// The variables that point libnix at this world's store.
    pub fn store_variables(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("NIX_STORE_DIR", self.store_dir()),
            ("NIX_STATE_DIR", self.store.join("nix/var/nix")),
            ("NIX_LOG_DIR", self.store.join("nix/var/log/nix")),
            ("NIX_CONF_DIR", self.store.join("etc/nix")),
        ]
    }
}

/// Standard output, after asserting success; both streams are in the message.
pub fn success(command: &mut Command) -> String {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?} failed ({}):\n{}",
        output.status,
        both(&output)
    );
    String::from_utf8(output.stdout).expect("UTF-8 on standard output")
}

/// `command` as `starter` starts it: a program that takes another and its arguments.
pub fn through(starter: &[&str], command: &Command) -> Command {
    let mut started = Command::new(starter[0]);
    started
        .args(&starter[1..])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    if let Some(directory) = command.get_current_dir() {
        started.current_dir(directory);
    }
    started
}

/// `command` in a mount namespace of its own, after `mounts`, lines of sh.
pub fn mounted(mounts: &str, command: &Command) -> Command {
    // Permissions keep nobody out who is root; who is not becomes it in there.
    let how = match rustix::process::geteuid().is_root() {
        true => "-m",
        false => "-rm",
    };
    let script = format!("{mounts}\nexec \"$@\"");
    through(&["unshare", how, "sh", "-euc", &script, "sh"], command)
}

/// Lines for [`mounted`]: nothing can be written in `directory`.
pub fn read_only(directory: &Path) -> String {
    let directory = directory.display();
    format!("mount --bind '{directory}' '{directory}'; mount -o remount,bind,ro '{directory}'")
}

/// `command` in a process group of its own that SIGINT ends, as Ctrl-C does; also
/// where the tests themselves ignore it, as what a script starts with `&` has to.
pub fn interruptible(command: &Command) -> Command {
    let mut started = through(&["env", "--default-signal=INT"], command);
    started.process_group(0);
    started
}

/// Runs it; a program that does not start fails the test with a hint.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!(
            "{:?} does not start ({error}); `make test` installs what the tests need",
            command.get_program()
        )
    })
}

/// Both streams, for messages.
pub fn both(output: &Output) -> String {
    format!(
        "--- stdout\n{}\n--- stderr\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The top of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// cargo's target directory of this build.
pub fn target_dir() -> PathBuf {
    let bin = Path::new(env!("CARGO_BIN_EXE_cargo-nix"));
    bin.ancestors()
        .nth(2)
        .expect("target/debug/cargo-nix")
        .to_path_buf()
}

/// The evaluator that was built beside cargo-nix.
pub fn evaluator() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_cargo-nix")).with_file_name("cargo-nix-eval");
    assert!(
        path.exists(),
        "{} is missing; run `cargo build` (or `make test`) first",
        path.display()
    );
    path
}

/// The machine's own rustup, whatever HOME a test has.
pub fn rustup_home() -> PathBuf {
    std::env::var_os("RUSTUP_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".rustup"))
}

/// PATH of the tests: this process's, then what `scripts/setup/test-tools.sh` installed.
pub fn test_path() -> std::ffi::OsString {
    let ours = std::env::var_os("PATH").expect("PATH is set");
    let tools = machine_cache().join("test-tools/bin");
    std::env::join_paths(std::env::split_paths(&ours).chain([tools])).expect("no colon in the cache's path")
}

/// The machine's own cache of cargo-nix, where `make setup` puts things.
fn machine_cache() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache"))
        .join("cargo-nix")
}

/// The `nix` program that belongs to libnix. It is not on the tests' PATH, so
/// that nothing of ours comes to depend on it.
pub fn nix_program() -> PathBuf {
    let script = ". scripts/setup/common.sh; nix_bin";
    let output = Command::new("bash")
        .args(["-c", script])
        .current_dir(repository())
        .output();
    let bin = String::from_utf8(output.expect("bash starts").stdout).expect("UTF-8");
    assert!(
        !bin.trim().is_empty(),
        "no nix program belongs to libnix; `make setup` brings one"
    );
    Path::new(bin.trim()).join("nix")
}
