//! Other users, and a nix-daemon of one's own: everything lies in a directory
//! that every user can read, and ends with the test.
#![allow(dead_code)]

use crate::common::{self, World};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A user that nothing on the machine belongs to.
pub const NOBODY: u32 = 65534;
/// Another, without a name.
pub const NAMELESS: u32 = 54321;

/// A small environment over the host set.
pub const HOST_SHELL: &str =
    "{ mkShell, pkg-config }:\nmkShell { packages = [ pkg-config ]; FOO = \"bar\"; }\n";

/// Copies of the programs where every user can start them, and a store.
pub struct Place {
    /// The world that it lies in.
    pub world: World,
}

impl Place {
    /// A place with a store directory of root's, and a project of `crate_env`.
    pub fn new(crate_env: &str) -> Place {
        assert!(
            rustix::process::geteuid().is_root(),
            "other users can be tried by root alone: run `make test` as root, in a container for instance"
        );
        let world = World::with_own_store();
        open(world.path());
        let place = Place { world };
        world_readable(&place.bin());
        world_readable(&place.lib());
        let nix = common::nix_program();
        link(
            Path::new(env!("CARGO_BIN_EXE_cargo-nix")),
            &place.bin().join("cargo-nix"),
        );
        link(&common::evaluator(), &place.bin().join("cargo-nix-eval"));
        for name in ["nix", "nix-store", "nix-daemon"] {
            link(&nix, &place.bin().join(name));
        }
        let libraries = nix.ancestors().nth(2).expect("a prefix").join("lib");
        for entry in fs::read_dir(libraries).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains(".so") {
                link(&entry.path(), &place.lib().join(entry.file_name()));
            }
        }
        place.world.write("project/crate-env.nix", crate_env);
        place
    }

    fn bin(&self) -> PathBuf {
        self.world.path().join("bin")
    }

    fn lib(&self) -> PathBuf {
        self.world.path().join("lib")
    }

    /// The project's directory.
    pub fn project(&self) -> PathBuf {
        self.world.path().join("project")
    }

    /// HOME of the user `uid`, who owns it.
    pub fn home(&self, uid: u32) -> PathBuf {
        let home = self.world.path().join(format!("home-{uid}"));
        if !home.exists() {
            fs::create_dir(&home).expect("a HOME");
            chown(&home, Some(uid), Some(uid)).expect("root gives it away");
        }
        home
    }

    /// What is started with the words of `before`, then becomes user `uid` and
    /// `program` with the variables of this store; for a minute at most.
    pub fn run_in(&self, before: &[&str], uid: u32, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command.arg("60").args(before);
        self.user(command, uid, &[], program)
    }

    /// The same for a user who may read what is root's, as the machine's toolchain
    /// is; for five minutes at most.
    pub fn run_reading(&self, uid: u32, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command.arg("300");
        let read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
        self.user(command, uid, &read, program)
    }

    fn user(&self, mut command: Command, uid: u32, privileges: &[&str], program: &str) -> Command {
        command.arg("setpriv").args(privileges);
        command.args([
            format!("--reuid={uid}"),
            format!("--regid={uid}"),
            "--clear-groups".into(),
        ]);
        command
            .arg(self.bin().join(program))
            .env_clear()
            .env("HOME", self.home(uid))
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LD_LIBRARY_PATH", self.lib())
            .env("LANG", "C.UTF-8")
            .envs(self.world.store_variables())
            .current_dir(self.project())
            .stdin(Stdio::null());
        command
    }

    /// A program as user `uid`.
    pub fn run(&self, uid: u32, program: &str) -> Command {
        self.run_in(&[], uid, program)
    }

    /// `cargo-nix env --print --quiet` as user `uid`.
    pub fn env(&self, uid: u32) -> Command {
        let mut command = self.run(uid, "cargo-nix");
        command.args(["env", "--print", "--quiet"]);
        command
    }

    /// A private store of the user's.
    pub fn private_store(&self, uid: u32, command: &mut Command) -> PathBuf {
        let nix = self.home(uid).join("private/nix");
        command.env("NIX_STORE_DIR", nix.join("store"));
        command.env("NIX_STATE_DIR", nix.join("var/nix"));
        command.env("NIX_LOG_DIR", nix.join("var/log/nix"));
        nix.join("store")
    }

    /// A daemon over this place's store, with these lines in its nix.conf.
    pub fn daemon(&self, configuration: &str) -> Daemon {
        let variables: std::collections::BTreeMap<_, _> = self.world.store_variables().into_iter().collect();
        let configuration = format!("build-users-group =\nsubstitute = false\n{configuration}\n");
        fs::create_dir_all(&variables["NIX_CONF_DIR"]).expect("etc/nix");
        fs::write(variables["NIX_CONF_DIR"].join("nix.conf"), configuration).expect("nix.conf");
        // Were these not there, libnix would take the daemon's socket for the
        // store even in the daemon.
        fs::create_dir_all(&variables["NIX_STATE_DIR"]).expect("the state directory");
        let socket = variables["NIX_STATE_DIR"].join("daemon-socket/socket");
        let child = Command::new("timeout")
            .arg("300")
            .arg(self.bin().join("nix-daemon"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LD_LIBRARY_PATH", self.lib())
            .env("NIX_REMOTE", "local")
            .envs(&variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("timeout starts");
        let began = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "no daemon at {}",
                socket.display()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Daemon { child, socket }
    }

    /// The text without the names of this place's directories.
    pub fn redacted(&self, text: &str) -> String {
        let paths = cargo_nix::host::sandbox_paths().join(" ");
        let world = self.world.path().canonicalize().expect("the world");
        text.replace(world.to_str().expect("UTF-8"), "[WORLD]")
            .replace(&paths, "[HOST PATHS]")
    }

    /// The exit code and what the user is told; standard output stays empty.
    pub fn refusal(&self, command: &mut Command) -> String {
        let output = common::run(command);
        assert!(output.stdout.is_empty(), "{}", common::both(&output));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        self.redacted(&format!("exit code: {}\n{told}", code.map_or(-1, |code| code)))
    }
}

/// A running daemon, ended when dropped.
pub struct Daemon {
    child: Child,
    /// Where it listens.
    pub socket: PathBuf,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // `timeout` passes the signal on.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

fn open(directory: &Path) {
    fs::set_permissions(directory, Permissions::from_mode(0o755)).expect("root may");
}

fn world_readable(directory: &Path) {
    fs::create_dir_all(directory).expect("a directory");
    open(directory);
}

/// The same file under another name, or a copy of it.
fn link(from: &Path, to: &Path) {
    let from = from.canonicalize().expect("a file that is there");
    if fs::hard_link(&from, to).is_err() {
        fs::copy(&from, to).expect("a copy");
    }
}
