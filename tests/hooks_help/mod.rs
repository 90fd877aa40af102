//! Shared by the tests of the hooks: the real shells at a terminal of their
//! own, and projects whose slots are there without anything being evaluated.
#![allow(dead_code)]

pub mod terminal;

use crate::common::{World, rustup_home, success};
use cargo_nix::cache::Slot;
use cargo_nix::cli::ObtainArgs;
use cargo_nix::env::{Env, Look};
use cargo_nix::vars::Vars;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub const BIN: &str = env!("CARGO_BIN_EXE_cargo-nix");

/// A world with a `cargo-nix` on PATH that counts how often it is started.
pub struct Place {
    pub world: World,
    /// The directory of that program.
    bin: &'static str,
}

/// One test for each shell.
#[macro_export]
macro_rules! in_each_shell {
    ($($name:ident),*) => {
        mod bash { $(#[test] fn $name() { super::$name(&super::hooks_help::terminal::BASH) })* }
        mod zsh { $(#[test] fn $name() { super::$name(&super::hooks_help::terminal::ZSH) })* }
        mod fish { $(#[test] fn $name() { super::$name(&super::hooks_help::terminal::FISH) })* }
        mod nu { $(#[test] fn $name() { super::$name(&super::hooks_help::terminal::NU) })* }
        mod elvish { $(#[test] fn $name() { super::$name(&super::hooks_help::terminal::ELVISH) })* }
    };
}

impl Place {
    pub fn new() -> Place {
        Place::with_programs_in("bin")
    }

    pub fn with_programs_in(bin: &'static str) -> Place {
        let place = Place {
            world: World::new(),
            bin,
        };
        place.install();
        std::fs::create_dir_all(place.path("outside/below")).expect("a directory outside");
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.world.path().join(name)
    }

    /// Puts the counting program on PATH. What it starts is told by which name it
    /// was called, as a program that is wrapped by a package is.
    pub fn install(&self) {
        let script = format!(
            "#!/bin/bash\necho \"$*\" >> '{}'\nexec -a \"$0\" '{BIN}' \"$@\"\n",
            self.path("starts").display()
        );
        let program = self.world.write(&format!("{}/cargo-nix", self.bin), &script);
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    /// The directory of the counting program.
    pub fn bin(&self) -> PathBuf {
        self.path(self.bin)
    }

    /// Takes it away.
    pub fn uninstall(&self) {
        std::fs::remove_file(self.bin().join("cargo-nix")).expect("it was there");
    }

    /// How often a prompt has started cargo-nix.
    pub fn starts(&self) -> usize {
        let log = std::fs::read_to_string(self.path("starts")).unwrap_or_default();
        log.lines().filter(|line| line.starts_with("prompt ")).count()
    }

    /// A project that brings `variables`, allowed, its slot filled.
    pub fn project(&self, name: &str, variables: &[(&str, &str)]) -> PathBuf {
        let directory = self.edit(name, variables);
        self.allow(&directory);
        self.fill(&directory, &env(name, variables));
        directory
    }

    /// Writes crate-env.nix, no more.
    pub fn edit(&self, name: &str, variables: &[(&str, &str)]) -> PathBuf {
        let text = format!("# {variables:?}\n{{ }}: {{ }}\n");
        let file = self.world.write(&format!("{name}/crate-env.nix"), &text);
        file.parent().expect("a directory").to_path_buf()
    }

    pub fn allow(&self, directory: &Path) -> String {
        success(self.world.cargo_nix().arg("allow").arg(directory))
    }

    /// Fills the slot of the inputs as they are, as an evaluation would.
    pub fn fill(&self, directory: &Path, env: &Env) {
        let args = ObtainArgs {
            project: Some(directory.to_path_buf()),
            ..ObtainArgs::default()
        };
        let vars = self.vars();
        let look = Look::at(&args, &vars).expect("the project is found");
        let path = self.path("store").join(look.key.as_str());
        std::fs::create_dir_all(&path).expect("a store path");
        let slot = look.cache.slot_directory(&look.key);
        std::fs::create_dir_all(&slot).expect("a slot");
        let _ = std::fs::remove_file(slot.join("env"));
        std::os::unix::fs::symlink(&path, slot.join("env")).expect("a root");
        let slot = Slot {
            path: path.to_str().expect("UTF-8").to_owned(),
            env: env.clone(),
            ..Slot::default()
        };
        look.cache.fill(&look.key, &slot).expect("filled");
    }

    /// No job can begin while this lives.
    pub fn hold_jobs(&self) -> std::fs::File {
        let project = std::fs::read_dir(self.world.cache().join("projects")).expect("projects");
        let desk = project.last().expect("a project").expect("an entry").path();
        let lock = std::fs::File::create(desk.join("job")).expect("the lock");
        lock.lock().expect("no job is at work");
        lock
    }

    /// As cargo-nix reads them in this world.
    pub fn vars(&self) -> Vars {
        Vars {
            home: Some(self.world.home()),
            rustup_home: Some(rustup_home()),
            nix_store_dir: Some(self.world.store_dir()),
            ..Vars::default()
        }
    }
}

/// `variables`, and a directory of PATH named after the project.
pub fn env(name: &str, variables: &[(&str, &str)]) -> Env {
    let pairs = variables.iter();
    Env {
        variables: pairs
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        prepend: [
            ("PATH".to_owned(), vec![format!("/of/{name}/bin")]),
            ("XDG_DATA_DIRS".to_owned(), vec![format!("/of/{name}/share")]),
        ]
        .into(),
        ..Env::default()
    }
}
