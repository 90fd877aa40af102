//! Where the candidates run: a HOME, projects and a store of their own.
//!
//! Names are about as long as users' are (/nix/store, /home/me): what direnv takes
//! for a variable grows with the square of its length.

use crate::measure::Candidate;
use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Removed when dropped, but for the store.
pub struct Place {
    dir: TempDir,
    store: PathBuf,
    programs: PathBuf,
}

impl Place {
    /// Empty but for HOME.
    pub fn new() -> Place {
        let dir = tempfile::Builder::new()
            .prefix("cn-")
            .tempdir()
            .expect("a directory");
        std::fs::create_dir(dir.path().join("home")).expect("a HOME");
        let target = own_program().ancestors().nth(2).expect("target/release");
        let programs = target.join("dist");
        assert!(
            ["cargo-nix", "cargo-nix-eval"]
                .iter()
                .all(|name| programs.join(name).exists()),
            "{} lacks the programs: `make bench` builds them",
            programs.display()
        );
        let store = dir.path().join("s");
        Place { dir, store, programs }
    }

    /// The program that is measured.
    pub fn program(&self) -> PathBuf {
        self.programs.join("cargo-nix")
    }

    /// What a process costs at least: `fn main() {}`, optimised as we are.
    pub fn empty_program(&self) -> PathBuf {
        let source = self.dir.path().join("empty.rs");
        let program = self.dir.path().join("empty");
        std::fs::write(&source, "fn main() {}\n").expect("a source file");
        let status = Command::new("rustc")
            .args(["--edition=2024", "-O", "-Cpanic=abort", "-Cstrip=symbols", "-o"])
            .args([&program, &source])
            .status()
            .expect("rustc starts");
        assert!(status.success(), "rustc compiles an empty program");
        program
    }

    /// A copy of examples/openssl; with `files` more in its input set, if any.
    pub fn project(&self, name: &str, files: usize) -> PathBuf {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/openssl");
        let project = self.dir.path().join(name);
        std::fs::create_dir_all(project.join("src")).expect("a project");
        for file in ["Cargo.toml", "Cargo.lock", "crate-env.nix", "src/main.rs"] {
            std::fs::copy(example.join(file), project.join(file)).expect("the example is copied");
        }
        if files > 0 {
            let many = project.join("many");
            for index in 0..files {
                let dir = many.join(format!("{:02}", index % 40));
                std::fs::create_dir_all(&dir).expect("a directory");
                std::fs::write(dir.join(format!("{index}.txt")), format!("file {index}\n")).expect("a file");
            }
            let text = "{ rust }: { toolchain = rust.default; \
                        env.MANY = toString (builtins.length (builtins.attrNames (builtins.readDir ./many))); }\n";
            std::fs::write(project.join("crate-env.nix"), text).expect("crate-env.nix");
        }
        project
    }

    /// Obtains the environment for the first time; returns a file with what the
    /// evaluator was asked last.
    pub fn fill(&self, project: &Path) -> PathBuf {
        let request = project.with_extension("request");
        let recorder = project.with_extension("recorder");
        let snapshots = self.dir.path().join("home/.cache/cargo-nix/snapshots");
        let kept = project.with_extension("snapshots");
        // The snapshot goes with the process that made it: it is kept aside, and
        // the request names it there.
        let script = format!(
            "#!/bin/sh\nset -eu\nrm -rf '{kept}'\ncp -a '{snapshots}' '{kept}'\nhead -n 1 |\n\
             sed 's|\"{snapshots}/|\"{kept}/|' > '{request}'\nexec '{evaluator}' < '{request}'\n",
            snapshots = snapshots.display(),
            kept = kept.display(),
            request = request.display(),
            evaluator = self.programs.join("cargo-nix-eval").display(),
        );
        std::fs::write(&recorder, script).expect("a script");
        std::fs::set_permissions(&recorder, Permissions::from_mode(0o755)).expect("it becomes executable");
        let mut command = self.env_print(project).command;
        let first = output(command.env("CARGO_NIX_EVAL", recorder));
        // What is younger than two seconds is read again: wait, and let the
        // manifest be renewed.
        std::thread::sleep(std::time::Duration::from_millis(2500));
        let again = output(command.env_remove("CARGO_NIX_EVAL"));
        assert!(again == first, "the second time is as the first");
        // An evaluator that reports a failure succeeds too, and would be fast.
        let mut evaluator = self.evaluate(&request).command;
        let answer = output(evaluator.stdin(File::open(&request).expect("the request")));
        assert!(
            answer.contains("\"event\":\"answer\"") && answer.contains("\"of\":\"env\""),
            "the recorded request is answered with an environment: {answer}"
        );
        request
    }

    /// Lets prompts have the environment of `project`.
    pub fn allow(&self, project: &Path) {
        let mut command = self.command(&self.programs.join("cargo-nix"));
        let output = command.arg("allow").arg(project).output();
        assert!(
            output.expect("cargo-nix starts").status.success(),
            "it is allowed"
        );
    }

    /// The user's PATH, with the programs that are measured first.
    pub fn path(&self) -> OsString {
        self.path_with(&self.programs)
    }

    /// The user's PATH after the directory `first`.
    pub fn path_with(&self, first: &Path) -> OsString {
        let path = std::env::var_os("PATH").expect("PATH is set");
        let all = std::iter::once(first.to_path_buf()).chain(std::env::split_paths(&path));
        std::env::join_paths(all).expect("no colon in the target directory")
    }

    /// A program by itself.
    pub fn plain(&self, program: &Path) -> Candidate {
        Candidate {
            command: self.command(program),
            stdin: None,
        }
    }

    /// `cargo-nix env --print` in a project.
    pub fn env_print(&self, project: &Path) -> Candidate {
        let mut command = self.command(&self.programs.join("cargo-nix"));
        command.args(["env", "--print", "--quiet"]).current_dir(project);
        Candidate { command, stdin: None }
    }

    /// The evaluator alone, with a recorded request.
    pub fn evaluate(&self, request: &Path) -> Candidate {
        Candidate {
            command: self.command(&self.programs.join("cargo-nix-eval")),
            stdin: Some(request.to_path_buf()),
        }
    }

    /// A program in this place.
    pub fn command(&self, program: &Path) -> Command {
        let home = std::env::var_os("HOME").map(PathBuf::from).expect("HOME is set");
        let rustup = std::env::var_os("RUSTUP_HOME").map_or_else(|| home.join(".rustup"), PathBuf::from);
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.dir.path().join("home"))
            .env("PATH", std::env::var_os("PATH").expect("PATH is set"))
            .env("RUSTUP_HOME", rustup)
            .env("NIX_STORE_DIR", self.store.join("store"))
            .env("NIX_STATE_DIR", self.store.join("nix/var/nix"))
            .env("NIX_LOG_DIR", self.store.join("nix/var/log/nix"))
            .env("NIX_CONF_DIR", self.store.join("etc/nix"))
            .current_dir(self.dir.path());
        command
    }
}

impl Drop for Place {
    /// What is in a store cannot be written, and so not be removed.
    fn drop(&mut self) {
        let _ = Command::new("chmod")
            .args(["-R", "u+w"])
            .arg(&self.store)
            .status();
    }
}

/// The program as cargo builds it for the bench: linked dynamically, as the one
/// that is measured is not where that can be helped.
pub fn own_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cargo-nix"))
}

/// Standard output of a command that must succeed.
fn output(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8(output.stdout).expect("UTF-8 on standard output")
}
