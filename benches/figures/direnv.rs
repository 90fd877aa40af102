//! direnv's loading of a cached project, beside its loading of an empty .envrc
//! and beside nix-direnv, the extension that most people use for Nix.
//!
//! nix-direnv is one file of somebody else's, and no part of this repository:
//! the bench takes it from `$CARGO_NIX_BENCH_NIX_DIRENV`, or from
//! `${XDG_CACHE_HOME:-~/.cache}/cargo-nix/bench/nix-direnv/direnvrc`. It fills
//! its cache by itself, with the real `nix`, from benches/peer: a shell without
//! packages that brings about what every shell of nixpkgs brings.

use crate::measure::{Candidate, Sample, interleaved};
use crate::place::Place;
use crate::report::Row;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How often each .envrc is loaded.
const ROUNDS: usize = 100;
const WHERE: &str = "CARGO_NIX_BENCH_NIX_DIRENV";

/// The rows of direnv; `project`: one whose slot is filled. It gets an .envrc.
///
/// # Panics
/// If direnv does not start, or one of the .envrc does not load.
pub fn rows(place: &Place, project: &Path) -> Vec<Row> {
    let beside = |name: &str| project.with_file_name(name);
    let bare = Config::new(place, beside("direnv-bare"));
    let empty = bare.directory(&beside("empty-envrc"), "");
    let ours = Config::new(place, beside("direnv-ours"));
    ours.install();
    let cached = ours.directory(project, "use cargo-nix\n");
    ours.assert_says(&cached, "CARGO_NIX_STATUS");
    let peers = peer().map(|direnvrc| Peers::fill(place, &direnvrc, project));

    let mut candidates = vec![bare.load(&empty), ours.load(&cached)];
    candidates.extend(peers.iter().flat_map(Peers::loads));
    eprintln!("bench: {ROUNDS} rounds of direnv");
    let samples = interleaved(ROUNDS, &mut candidates);
    let mut rows = vec![over_the_empty_one(&samples[1], &samples[0])];
    rows.extend(match &samples[2..] {
        [nix, flake] => beside_the_peer(&samples[1], nix, flake),
        _ => vec![without_the_peer()],
    });
    rows
}

fn over_the_empty_one(ours: &Sample, empty: &Sample) -> Row {
    let factor = ours.median() / empty.median();
    Row::of(
        "direnv's load of a cached project, over its load of an empty .envrc",
        "<= 1.15 ×",
        format!(
            "{factor:.2} × ({:.1} ms, {:.1} ms)",
            ours.median(),
            empty.median()
        ),
        factor <= 1.15,
    )
}

/// `use nix` is what a project without a flake would have. `use flake` starts no
/// Nix, and takes about three times what direnv takes for nothing at all: it is
/// told for comparison.
fn beside_the_peer(ours: &Sample, nix: &Sample, flake: &Sample) -> Vec<Row> {
    let factor = |peer: &Sample| peer.median() / ours.median();
    let is = |peer: &Sample| format!("{:.1} × ({:.1} ms)", factor(peer), peer.median());
    vec![
        Row::of(
            "the same, faster than nix-direnv's `use nix`, cached",
            ">= 3 ×",
            is(nix),
            factor(nix) >= 3.0,
        ),
        Row::of(
            "the same, faster than nix-direnv's `use flake`, cached",
            "",
            is(flake),
            true,
        ),
    ]
}

fn without_the_peer() -> Row {
    Row::of(
        "the same, faster than nix-direnv's `use nix`, cached",
        ">= 3 ×",
        "not measured: nix-direnv is not there".to_owned(),
        false,
    )
}

/// nix-direnv's file, if somebody has brought it.
fn peer() -> Option<PathBuf> {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
    let cache = || std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from);
    let path = std::env::var_os(WHERE).map_or_else(
        || cache().join("cargo-nix/bench/nix-direnv/direnvrc"),
        PathBuf::from,
    );
    if !path.is_file() {
        eprintln!(
            "bench: nix-direnv is left out, as {} is not there\n  \
             put its file `direnvrc` (from its repository, any release from 3.0 on) there, or name it in ${WHERE}",
            path.display()
        );
        return None;
    }
    Some(path)
}

/// A configuration of direnv, and what is common to all that use it.
struct Config<'a> {
    place: &'a Place,
    directory: PathBuf,
    /// Beside those of the place.
    variables: Vec<(&'static str, OsString)>,
}

impl<'a> Config<'a> {
    fn new(place: &'a Place, directory: PathBuf) -> Config<'a> {
        std::fs::create_dir_all(&directory).expect("a configuration");
        Config {
            place,
            directory,
            variables: vec![("PATH", place.path())],
        }
    }

    /// Puts our extension there.
    fn install(&self) {
        let mut command = self.command("cargo-nix", self.directory.parent().expect("the place"));
        succeed(command.args(["direnv", "install"]));
    }

    /// The directory, with this .envrc, allowed.
    fn directory(&self, directory: &Path, envrc: &str) -> PathBuf {
        std::fs::create_dir_all(directory).expect("a directory");
        std::fs::write(directory.join(".envrc"), envrc).expect("an .envrc");
        succeed(self.command("direnv", directory).arg("allow"));
        directory.to_path_buf()
    }

    fn load(&self, directory: &Path) -> Candidate {
        let mut command = self.command("direnv", directory);
        command.args(["export", "bash"]);
        Candidate { command, stdin: None }
    }

    /// Loads once; what direnv says has to contain the text.
    fn assert_says(&self, directory: &Path, text: &str) {
        let said = succeed(&mut self.load(directory).command);
        assert!(said.contains(text), "not cached: {said}");
    }

    fn command(&self, program: &str, directory: &Path) -> Command {
        let mut command = self.place.command(Path::new(program));
        command
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("DIRENV_CONFIG", &self.directory)
            .current_dir(directory);
        command
    }
}

/// The two ways in which nix-direnv gives a shell, their caches filled.
struct Peers<'a> {
    config: Config<'a>,
    nix: PathBuf,
    flake: PathBuf,
}

impl<'a> Peers<'a> {
    fn fill(place: &'a Place, direnvrc: &Path, project: &Path) -> Peers<'a> {
        let beside = |name: &str| project.with_file_name(name);
        let mut config = Config::new(place, beside("direnv-peer"));
        std::fs::copy(direnvrc, config.directory.join("direnvrc")).expect("nix-direnv is copied");
        let nixpkgs = beside("nixpkgs");
        std::fs::create_dir_all(&nixpkgs).expect("a directory");
        std::fs::write(nixpkgs.join(".version-suffix"), "pre\n").expect("a file");
        let mut path = nix_program().into_os_string();
        path.push(":");
        path.push(place.path());
        let mut entry = OsString::from("nixpkgs=");
        entry.push(&nixpkgs);
        config.variables = vec![
            ("PATH", path),
            ("NIX_PATH", entry),
            (
                "NIX_CONFIG",
                "sandbox = false\nsubstituters =\nbuild-users-group =\n".into(),
            ),
        ];
        let [nix, flake] = ["nix", "flake"].map(|kind| {
            let directory = beside(&format!("peer-{kind}"));
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peer");
            succeed(Command::new("cp").arg("-R").arg(source).arg(&directory));
            config.directory(&directory, &format!("use {kind}\n"));
            config.assert_says(&directory, "Renewed cache");
            config.assert_says(&directory, "Using cached dev shell");
            directory
        });
        Peers { config, nix, flake }
    }

    fn loads(&self) -> [Candidate; 2] {
        [self.config.load(&self.nix), self.config.load(&self.flake)]
    }
}

/// Where the `nix` of our libnix is.
fn nix_program() -> PathBuf {
    let output = Command::new("bash")
        .args(["-c", ". scripts/setup/common.sh; nix_bin"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("bash starts");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        !text.trim().is_empty(),
        "no nix program belongs to libnix; `make setup` brings one"
    );
    PathBuf::from(text.trim())
}

/// Both streams of a command that must succeed.
fn succeed(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `scripts/setup.sh --tests` installs direnv"));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}
