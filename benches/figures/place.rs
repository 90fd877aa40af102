//! Where the candidates run: a HOME and projects of their own, over a store in
//! the target directory that is kept from run to run.

use crate::measure::Candidate;
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
            .prefix("cargo-nix-bench-")
            .tempdir()
            .expect("a directory");
        std::fs::create_dir(dir.path().join("home")).expect("a HOME");
        let programs = Path::new(env!("CARGO_BIN_EXE_cargo-nix"))
            .parent()
            .expect("target/release")
            .to_path_buf();
        assert!(
            programs.join("cargo-nix-eval").exists(),
            "the evaluator is not built: `make bench` builds it"
        );
        let store = programs.parent().expect("target").join("bench-store");
        Place { dir, store, programs }
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
        let script = format!(
            "#!/bin/sh\ntee '{}' | '{}' \"$@\"\n",
            request.display(),
            self.programs.join("cargo-nix-eval").display()
        );
        std::fs::write(&recorder, script).expect("a script");
        let status = Command::new("chmod")
            .arg("755")
            .arg(&recorder)
            .status()
            .expect("chmod starts");
        assert!(status.success(), "the script becomes executable");
        let mut command = self.env_print(project).command;
        let output = command
            .env("CARGO_NIX_EVAL", recorder)
            .output()
            .expect("cargo-nix starts");
        assert!(
            output.status.success(),
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        // A slot is as young as its files at first, and they are read again: wait.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let again = command
            .env_remove("CARGO_NIX_EVAL")
            .output()
            .expect("cargo-nix starts");
        assert!(
            again.status.success() && again.stdout == output.stdout,
            "the second time is as the first"
        );
        request
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

    fn command(&self, program: &Path) -> Command {
        let home = std::env::var_os("HOME").map(PathBuf::from).expect("HOME is set");
        let rustup = std::env::var_os("RUSTUP_HOME").map_or_else(|| home.join(".rustup"), PathBuf::from);
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.dir.path().join("home"))
            .env("PATH", std::env::var_os("PATH").expect("PATH is set"))
            .env("RUSTUP_HOME", rustup)
            .env("NIX_STORE_DIR", self.store.join("nix/store"))
            .env("NIX_STATE_DIR", self.store.join("nix/var/nix"))
            .env("NIX_LOG_DIR", self.store.join("nix/var/log/nix"))
            .env("NIX_CONF_DIR", self.store.join("etc/nix"))
            .current_dir(self.dir.path());
        command
    }
}
