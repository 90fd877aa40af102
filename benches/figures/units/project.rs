//! Where builds are measured, and how cargo is called there.

use crate::place::Place;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Its own HOME, cargo home and store, removed when dropped.
pub struct World<'a> {
    place: &'a Place,
    dir: TempDir,
}

impl<'a> World<'a> {
    /// Empty.
    pub fn new(place: &'a Place) -> World<'a> {
        let above = std::env::var_os("CARGO_NIX_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let dir = tempfile::Builder::new()
            .prefix("cargo-nix-bench-")
            .tempdir_in(above)
            .expect("a directory");
        for name in ["home", "cargo"] {
            std::fs::create_dir(dir.path().join(name)).expect("a directory");
        }
        World { place, dir }
    }

    /// The directory that holds all of it.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Brings the toolchain and the host tree into the store: a unit that is of
    /// no project.
    pub fn fill(&self) {
        eprintln!("bench: the toolchain and the host tree, into a store of their own");
        let project = self.path().join("empty");
        let write = |path: &str, text: &str| {
            let path = project.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        };
        write(
            "Cargo.toml",
            "[package]\nname = \"empty\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
             [dependencies]\nnothing = \"0.1.0\"\n",
        );
        write("src/lib.rs", "");
        write(".cargo/config.toml", VENDORED);
        write(
            "vendor/nothing/Cargo.toml",
            "[package]\nname = \"nothing\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        );
        write("vendor/nothing/src/lib.rs", "");
        write("vendor/nothing/.cargo-checksum.json", "{\"files\":{}}");
        write("crate-env.nix", CRATE_ENV);
        self.ours(&project, &["build"]);
        let library = project.join("target/debug/deps").read_dir().expect("outputs");
        let is_link =
            |path: PathBuf| path.extension().is_some_and(|ending| ending == "rlib") && path.is_symlink();
        assert!(
            library.flatten().any(|entry| is_link(entry.path())),
            "the unit is in the store"
        );
    }

    /// Any program here, `cargo-nix` on PATH.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.place.command(program.as_ref());
        let nix = self.path().join("nix");
        command
            .env("HOME", self.path().join("home"))
            .env("CARGO_HOME", self.path().join("cargo"))
            .env("PATH", self.place.path())
            .env("NIX_CONFIG", "substituters =")
            .env("NIX_STORE_DIR", nix.join("store"))
            .env("NIX_STATE_DIR", nix.join("var/nix"))
            .env("NIX_LOG_DIR", nix.join("var/log/nix"))
            .env("NIX_CONF_DIR", nix.join("etc"))
            .stdin(Stdio::null());
        command
    }

    /// cargo in the project's environment, with the variables besides.
    pub fn cargo(&self, checkout: &Path, arguments: &[&str], variables: &[(&str, OsString)]) -> Command {
        let mut command = self.command("cargo-nix");
        command
            .args(["exec", "--quiet", "--", "cargo"])
            .args(arguments)
            .arg("--offline")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(checkout);
        command
    }

    /// A build with this program as cargo's wrapper; `$CARGO_NIX_BENCH_WRAPPER` is
    /// the one that the environment has.
    pub fn wrapped(&self, checkout: &Path, wrapper: &Path, variables: &[(&str, &Path)]) -> Command {
        let script = "CARGO_NIX_BENCH_WRAPPER=$RUSTC_WRAPPER RUSTC_WRAPPER=$1 exec cargo build --offline";
        let mut command = self.command("cargo-nix");
        command
            .args(["exec", "--quiet", "--", "sh", "-c", script, "sh"])
            .arg(wrapper)
            .envs(variables.iter().copied())
            .current_dir(checkout);
        command
    }

    /// How long plain cargo takes.
    pub fn plain(&self, checkout: &Path, arguments: &[&str]) -> Duration {
        timed(&mut self.cargo(checkout, arguments, &[("CARGO_NIX_UNITS", "0".into())])).0
    }

    /// The same, for what is not measured.
    pub fn plain_untimed(&self, checkout: &Path, arguments: &[&str]) {
        self.plain(checkout, arguments);
    }

    /// How long cargo takes with dependencies from the store.
    pub fn ours(&self, checkout: &Path, arguments: &[&str]) -> Duration {
        timed(&mut self.cargo(checkout, arguments, &[])).0
    }

    /// What `build` gives where no build has left a seed.
    pub fn without_seeds<T>(&self, build: impl FnOnce() -> T) -> T {
        let (seeds, aside) = (self.seeds(), self.path().join("seeds-aside"));
        std::fs::rename(&seeds, &aside).expect("seeds");
        let given = build();
        let _ = std::fs::remove_dir_all(&seeds);
        std::fs::rename(&aside, &seeds).expect("seeds");
        given
    }

    /// Waits until nothing is done any more of what builds have begun: each of their
    /// target directories has left what the next checkout begins with.
    ///
    /// # Panics
    /// If that takes a minute.
    pub fn await_service(&self) {
        let start = Instant::now();
        let directory = self.path().join("home/.cache/cargo-nix/units/service");
        for entry in directory.read_dir().into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "lock") {
                let lock = File::open(entry.path()).expect("the lock of a build service");
                while lock.try_lock().is_err() {
                    assert!(
                        start.elapsed() < Duration::from_secs(60),
                        "it ends when it is idle"
                    );
                    std::thread::sleep(Duration::from_millis(200));
                }
            }
        }
    }

    fn seeds(&self) -> PathBuf {
        self.path().join("home/.cache/cargo-nix/units/seeds")
    }

    /// The bench's own wrapper, `benches/figures/units/wrapper.rs`, compiled.
    pub fn wrapper(&self) -> PathBuf {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/figures/units/wrapper.rs");
        let program = self.path().join("wrapper");
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition=2024", "-O", "-o"]).arg(&program);
        succeed(rustc.arg(source));
        program
    }

    /// sccache, if somebody has brought it.
    pub fn sccache(&self) -> Option<Sccache> {
        let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path)
            .chain([cache.join("cargo-nix/bench/sccache/bin")])
            .map(|dir| dir.join("sccache"))
            .find(|program| program.is_file());
        if found.is_none() {
            eprintln!(
                "bench: sccache is left out: it is not on PATH, nor below {}\n  \
                 `cargo install sccache --no-default-features --root DIR` brings it",
                cache.join("cargo-nix/bench/sccache").display()
            );
        }
        found.map(|program| Sccache {
            program,
            cache: self.path().join("sccache"),
        })
    }
}

/// sccache over a cache of its own.
pub struct Sccache {
    program: PathBuf,
    cache: PathBuf,
}

impl Sccache {
    /// How long cargo takes with it as the wrapper; incremental units, which it
    /// does not cache, stay as they are.
    pub fn build(&self, world: &World, checkout: &Path) -> Duration {
        timed(&mut world.cargo(
            checkout,
            &["build"],
            &[
                ("CARGO_NIX_UNITS", "0".into()),
                ("RUSTC_WRAPPER", self.program.clone().into()),
                ("SCCACHE_DIR", self.cache.clone().into()),
                ("SCCACHE_SERVER_UDS", self.cache.with_extension("socket").into()),
                ("SCCACHE_IDLE_TIMEOUT", "60".into()),
            ],
        ))
        .0
    }
}

/// What the measured projects need: a toolchain.
pub const CRATE_ENV: &str = "{ rust }: { toolchain = rust.default; }\n";

/// For cargo: the registry is `vendor/`.
pub const VENDORED: &str =
    "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n";

/// A project of the registry, with the Cargo.lock it was published with.
pub struct Project<'a> {
    /// Its package.
    pub name: &'a str,
    source: PathBuf,
    checkouts: PathBuf,
}

impl<'a> Project<'a> {
    /// Downloads it, and all its dependencies.
    pub fn new(world: &World, name: &'a str, version: &str) -> Project<'a> {
        eprintln!("bench: {name} {version} and its dependencies");
        let mut info = world.command("cargo");
        succeed(info.args(["info", "--quiet", &format!("{name}@{version}")]));
        let registry = world.path().join("cargo/registry/src");
        let index = std::fs::read_dir(&registry)
            .expect("cargo's sources")
            .flatten()
            .next();
        let published = index
            .expect("a registry")
            .path()
            .join(format!("{name}-{version}"));
        let project = Project {
            name,
            source: world.path().join(format!("source-{name}")),
            checkouts: world.path().join(format!("checkouts-{name}")),
        };
        copy(&published, &project.source);
        for file in ["rust-toolchain", "rust-toolchain.toml"] {
            let _ = std::fs::remove_file(project.source.join(file));
        }
        std::fs::write(project.source.join("crate-env.nix"), CRATE_ENV).expect("crate-env.nix");
        let mut fetch = world.command("cargo");
        succeed(
            fetch
                .args(["fetch", "--quiet", "--locked"])
                .current_dir(&project.source),
        );
        project
    }

    /// What `build` gives for a copy that goes with it: memory that was never used
    /// before takes a virtual machine longer than what another round has left.
    pub fn in_checkout<T>(&self, name: &str, build: impl FnOnce(&Path) -> T) -> T {
        let checkout = self.checkout(name);
        let given = build(&checkout);
        std::fs::remove_dir_all(checkout).expect("the copy goes");
        given
    }

    /// A copy without a target directory.
    pub fn checkout(&self, name: &str) -> PathBuf {
        let checkout = self.place(name);
        copy(&self.source, &checkout);
        checkout
    }

    /// Where that is.
    pub fn place(&self, name: &str) -> PathBuf {
        self.checkouts.join(name)
    }
}

/// All of a directory, as it is.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
    succeed(Command::new("cp").arg("-a").arg(from).arg(to));
}

/// How long a command takes that must succeed.
pub fn timed(command: &mut Command) -> (Duration, Output) {
    let start = Instant::now();
    let output = succeed(command);
    (start.elapsed(), output)
}

/// The output of a command that must succeed.
pub fn succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
