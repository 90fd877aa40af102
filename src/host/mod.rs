//! The host set: what this machine itself provides, described for
//! `nix/entry.nix` as `arguments.host`.
//!
//! # Shape
//! All paths are absolute; `identity` and `id` are hex and change with the
//! contents they stand for; what the machine does not have is absent (or null
//! for `tree`, `rust`, `rust.default`, `cc`, `date`, `commit`, `lacks`).
//! ```json
//! { "imports": { "<id>": "<store path>" },
//!   "sandboxPaths": [ "/usr", "/lib" ],
//!   "rust": { "default": "<toolchain>",
//!             "toolchains": { "<toolchain>": {
//!                 "version": "1.95.0", "channel": "stable", "date": "2026-04-16", "commit": "59807616e",
//!                 "host": "x86_64-unknown-linux-gnu", "root": "<dir>",
//!                 "components": { "rustc": { "id": "…", "version": "1.95.0", "files": [ "bin/rustc" ] } } } } },
//!   "cc": { "version": "12.2.0", "machine": "x86_64-linux-gnu", "identity": "…",
//!           "programs": { "cc": "/usr/bin/cc", "ld": "/usr/bin/ld" } },
//!   "programs": { "<nixpkgs attribute>": { "path": "/usr/bin/protoc", "version": "3.21.12", "identity": "…",
//!                                          "programs": { "protoc": "/usr/bin/protoc" },
//!                                          "lacks": null or "<the package that has its library>" } },
//!   "libraries": { "<nixpkgs attribute>": { "version": "3.0.19", "identity": "…",
//!                                           "pc": [ "<dir>/openssl.pc" ], "files": [ "<dir>/libssl.so" ],
//!                                           "lib": [ "<dir>/libssl.so" ],
//!                                           "include": { "openssl": [ "/usr/include/openssl" ] } } },
//!   "install": "apt-get install",
//!   "installable": { "<nixpkgs attribute>": "<the distribution's package, for one that is not there, or null>" },
//!   "tree": { "id": "…", "mounts": [ "/usr", "/lib" ] } }
//! ```
//! A component's `files` are relative to `root`; a directory stands for all it
//! holds; manuals (`share/doc`, `share/man`) are left out. Names are those of the release without the machine's triple and
//! `-preview`: `rustc`, `cargo`, `clippy`, `rustfmt`, `rust-src`,
//! `rust-analyzer`, `llvm-tools`, and `rust-std-<target>` for each target.
//! `channel` is the toolchain's name without the triple; `date` is the
//! release's, as in `nightly-<date>`.
//!
//! # What is promised
//! Looking costs some tenths of a second, so the description is kept in the
//! cache (`host/description`) and looked for again as soon as a [`sentinel`]
//! sees a change, by `stat` alone. There are two tiers.
//!
//! [`Host::current`], for the prompt and every hit, stats some hundred paths
//! (`host/sentinel`), does not read the description, and sees
//! - whatever a package manager or rustup does (their databases; the system's
//!   program, library, pkg-config and header directories);
//! - every program, library and .pc file that is described, and the compiler's
//!   programs, replaced or written in place;
//! - each toolchain's records, and where its name leads;
//! - every file of the components, replaced or written in place, of the default
//!   toolchain, of each that is a link (`rustup toolchain link`), and of as many
//!   others as fit into 200 files in all;
//! - of the other toolchains, and of a component with more than 400 files, the
//!   directories: a file that appears, vanishes or is renamed into place; of
//!   `rust-src` those down to each crate's.
//!
//! [`Host::checked`], for whoever is about to evaluate or build, stats the
//! thousands of files besides (`host/files`), and so also sees
//! - every file of a toolchain's component, the compiler's inner programs, and
//!   libc's start files and libraries;
//! - every header of a package, replaced or written in place, as long as the
//!   package has at most 400 of them. Of larger ones (LLVM, Boost, libc with the
//!   kernel) the directories are watched: headers that appear, vanish or are
//!   renamed into place are seen (so package managers and most editors are),
//!   one written in place is not, until the next look.
//!
//! So the prompt may miss changed headers and inner programs of the compiler,
//! which an environment only names, and two things that it holds copies of:
//! edits deep inside `rust-src`, and writes in place to a toolchain that rustup
//! manages, beyond the 200 files. What is built is keyed by [`Host::checked`].
//!
//! A description that rests on files as young as itself is used but not kept,
//! so a change within one tick of the clock cannot be missed.
//!
//! # Never
//! The user's PATH, `RUSTUP_TOOLCHAIN`, `CC` and so on are not heeded here, and
//! rustup itself is not run.

pub mod imports;
pub mod packages;
pub mod sys_crates;
pub mod tree;

mod cc;
mod contents;
mod dpkg;
mod pkg_config;
mod rustup;
mod sentinel;
mod toolchain;

#[cfg(not(target_os = "macos"))]
#[path = "linux.rs"]
mod platform;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod platform;

pub(crate) use platform::is_zombie;

use crate::error::Result;
use crate::sealed;
use crate::vars::Vars;
use contents::Contents;
use sentinel::{Sentinel, Stamp, stamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tree::Tree;

/// Kinds, and names below `host/` in the cache: the few paths, all paths, and
/// the description, which only an evaluation reads.
const SENTINEL: &str = "sentinel";
const FILES: &str = "files";
const DESCRIPTION: &str = "description";
/// There if the last look was not kept.
const IN_VAIN: &str = "in-vain";
/// Wider than any tick of a file system's clock.
const TICK: Duration = Duration::from_millis(50);

/// This machine, as far as environments can depend on it.
#[derive(Clone, Debug)]
pub struct Host {
    /// blake3 of the description without `imports`.
    pub digest: blake3::Hash,
    /// For `cargo_nix_protocol::Settings::sandbox_paths`.
    pub sandbox_paths: Vec<String>,
    rustup_home: Option<PathBuf>,
    cache_dir: PathBuf,
    /// JSON text; `None`: not read yet.
    description: Option<Vec<u8>>,
}

/// First line of the payload of `host/sentinel` (the few paths follow) and of
/// `host/files` (all paths follow).
#[derive(Serialize, Deserialize)]
struct Head {
    rustup_home: Option<PathBuf>,
    digest: String,
    stamp: String,
    sandbox_paths: Vec<String>,
}

impl Host {
    /// The machine as it is now, as far as the first tier of the sentinel sees:
    /// for the hot path. A cache that cannot be written costs time only.
    ///
    /// # Errors
    /// None at present; a machine without anything is described as such.
    pub fn current(vars: &Vars, cache_dir: &Path) -> Result<Host> {
        let rustup_home = rustup_home(vars);
        let known = || remembered(cache_dir, rustup_home.as_deref());
        Ok(known().unwrap_or_else(|| look_once(cache_dir, rustup_home.as_deref(), known)))
    }

    /// [`Host::current`], but `None` if the machine has changed and is to be looked
    /// at, which takes a second. If the last look is not kept, as something changed
    /// while it lasted, nobody else's look would help: then it is looked at here.
    pub fn known(vars: &Vars, cache_dir: &Path) -> Option<Host> {
        let known = remembered(cache_dir, rustup_home(vars).as_deref());
        let in_vain = || kept(cache_dir, IN_VAIN).symlink_metadata().is_ok();
        known.or_else(|| in_vain().then(|| Host::current(vars, cache_dir).ok())?)
    }

    /// The machine as it is now, every file that matters statted: for those who
    /// evaluate or build. Ten times the cost of [`Host::current`].
    ///
    /// # Errors
    /// As [`Host::current`].
    pub fn checked(vars: &Vars, cache_dir: &Path) -> Result<Host> {
        let rustup_home = rustup_home(vars);
        let known = || {
            let mut host = remembered(cache_dir, rustup_home.as_deref())?;
            let (head, files) = split(cache_dir, FILES)?;
            let same = head.digest == host.digest.to_hex().as_str()
                && stamp(&files).digest.to_hex().as_str() == head.stamp;
            host.description = Some(host.read().filter(|_| same)?);
            Some(host)
        };
        Ok(known().unwrap_or_else(|| look_once(cache_dir, rustup_home.as_deref(), known)))
    }

    /// The host tree's `id` and `mounts`; null if there is none.
    pub fn tree(&self) -> Value {
        self.value()["tree"].take()
    }

    /// `arguments.host`, what is known to be imported into `store_dir` included.
    /// It is what the digest stands for after [`Host::checked`]; after
    /// [`Host::current`] the machine is looked at again if the cache lost it.
    pub fn describe(&self, store_dir: &Path) -> Value {
        let mut description = self.value();
        description["imports"] = json!(imports::known(&self.cache_dir, store_dir));
        description
    }

    fn value(&self) -> Value {
        let text = self.description.clone().or_else(|| self.read());
        let text = text.or_else(|| look(&self.cache_dir, self.rustup_home.as_deref()).0.description);
        serde_json::from_slice(&text.unwrap_or_default()).unwrap_or_default()
    }

    /// The text that the digest stands for, if it is kept.
    fn read(&self) -> Option<Vec<u8>> {
        sealed::read(&kept(&self.cache_dir, DESCRIPTION), DESCRIPTION)
            .filter(|text| blake3::hash(text) == self.digest)
    }
}

fn rustup_home(vars: &Vars) -> Option<PathBuf> {
    vars.rustup_home
        .clone()
        .or_else(|| Some(vars.home.as_ref()?.join(".rustup")))
}

fn kept(cache_dir: &Path, kind: &str) -> PathBuf {
    cache_dir.join("host").join(kind)
}

/// The head and the encoded paths of `host/sentinel` or `host/files`.
fn split(cache_dir: &Path, kind: &str) -> Option<(Head, Vec<u8>)> {
    let mut payload = sealed::read(&kept(cache_dir, kind), kind)?;
    let line = payload.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&payload[..line]).ok()?;
    payload.drain(..=line);
    Some((head, payload))
}

fn remembered(cache_dir: &Path, rustup_home: Option<&Path>) -> Option<Host> {
    let (head, few) = split(cache_dir, SENTINEL)?;
    if head.rustup_home.as_deref() != rustup_home || stamp(&few).digest.to_hex().as_str() != head.stamp {
        return None;
    }
    Some(Host {
        digest: blake3::Hash::from_hex(&head.digest).ok()?,
        sandbox_paths: head.sandbox_paths,
        rustup_home: head.rustup_home,
        cache_dir: cache_dir.to_path_buf(),
        description: None,
    })
}

/// One process looks, those that come meanwhile wait for what it found: a look
/// reads many files and starts many programs.
fn look_once(cache_dir: &Path, rustup_home: Option<&Path>, known: impl Fn() -> Option<Host>) -> Host {
    let directory = cache_dir.join("host");
    let _held = sealed::make_directory(&directory)
        .and_then(|()| File::create(directory.join("lock")))
        .and_then(|file| file.lock().map(|()| file));
    // Without a lock (a cache that cannot be written) everybody looks.
    known().unwrap_or_else(|| look_and_remember(cache_dir, rustup_home))
}

fn look_and_remember(cache_dir: &Path, rustup_home: Option<&Path>) -> Host {
    let began = SystemTime::now();
    let (host, sentinel) = look(cache_dir, rustup_home);
    let (few, all) = (sentinel.few(), sentinel.all());
    let (few_stamp, all_stamp) = (stamp(&few), stamp(&all));
    if is_older(&few_stamp, began) && is_older(&all_stamp, began) {
        // The sentinel last: it is what the others are looked for by.
        let description = host.description.as_deref().unwrap_or_default();
        let _ = sealed::write(&kept(cache_dir, DESCRIPTION), DESCRIPTION, description);
        let _ = remember(&host, FILES, &all, &all_stamp);
        let _ = remember(&host, SENTINEL, &few, &few_stamp);
        let _ = std::fs::remove_file(kept(cache_dir, IN_VAIN));
    } else {
        let _ = sealed::write(&kept(cache_dir, IN_VAIN), IN_VAIN, b"");
    }
    host
}

/// A file that changed after (or hardly before) we began to look may have been
/// read before the change and be stamped after it.
fn is_older(stamp: &Stamp, began: SystemTime) -> bool {
    let began = began
        .checked_sub(TICK)
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    began.is_some_and(|began| stamp.youngest < i128::try_from(began.as_nanos()).unwrap_or(0))
}

fn remember(host: &Host, kind: &str, paths: &[u8], stamp: &Stamp) -> Result<()> {
    let head = Head {
        rustup_home: host.rustup_home.clone(),
        digest: host.digest.to_hex().to_string(),
        stamp: stamp.digest.to_hex().to_string(),
        sandbox_paths: host.sandbox_paths.clone(),
    };
    let mut payload = serde_json::to_vec(&head).unwrap_or_default();
    payload.push(b'\n');
    payload.extend_from_slice(paths);
    sealed::write(&kept(&host.cache_dir, kind), kind, &payload)
}

/// Makes the next [`Host::current`] look at the machine again.
pub fn forget(cache_dir: &Path) {
    let _ = std::fs::remove_file(kept(cache_dir, SENTINEL));
}

/// The directories of this machine that builds over the host set see; for
/// `cargo_nix_protocol::Settings::sandbox_paths`.
pub fn sandbox_paths() -> Vec<String> {
    platform::sandbox_paths()
}

/// Looks at everything.
fn look(cache_dir: &Path, rustup_home: Option<&Path>) -> (Host, Sentinel) {
    let mut sentinel = Sentinel::default();
    let directories = platform::PROGRAM_DIRECTORIES.iter().map(PathBuf::from);
    let directories = directories
        .chain(platform::package_databases())
        .chain(platform::include_directories());
    for path in directories.chain(platform::library_directories()) {
        sentinel.watch_closely(&path);
    }
    let sandbox_paths = platform::sandbox_paths();
    let rust = rustup::describe(rustup_home, &mut sentinel);
    let cc = cc::find(&mut sentinel);
    let packages = packages::find(&mut sentinel);
    let files: BTreeSet<PathBuf> = packages
        .values()
        .flat_map(|package| package.files())
        .chain(cc.iter().flat_map(|cc| &cc.files))
        .cloned()
        .collect();
    let tree = host_tree(&packages, &files, &mut sentinel);
    let contents = Contents::read(files);
    let cc = cc.map(|cc| {
        let identity = contents.identity(&format!("{} {}", cc.version, cc.machine), &cc.files);
        json!({ "version": cc.version, "machine": cc.machine, "identity": identity, "programs": cc.programs })
    });
    let mut programs = serde_json::Map::new();
    let mut libraries = serde_json::Map::new();
    for (name, package) in &packages {
        programs.extend(package.program(&contents).map(|program| (name.clone(), program)));
        libraries.extend(package.library(&contents).map(|library| (name.clone(), library)));
    }
    let description = json!({
        "sandboxPaths": sandbox_paths,
        "rust": rust,
        "cc": cc,
        "programs": programs,
        "libraries": libraries,
        "install": platform::INSTALL,
        "installable": packages::installable(&packages),
        "tree": tree.as_ref().map(|tree| json!({ "id": tree.id, "mounts": tree.mounts })),
    });
    let description = serde_json::to_vec(&description).unwrap_or_default();
    let digest = blake3::hash(&description);
    // Without it, units are local.
    let _ = tree.map(|tree| tree.remember(cache_dir));
    (
        Host {
            digest,
            sandbox_paths,
            rustup_home: rustup_home.map(Path::to_path_buf),
            cache_dir: cache_dir.to_path_buf(),
            description: Some(description),
        },
        sentinel,
    )
}

/// What units see of the machine; every file of it is watched.
fn host_tree(
    packages: &BTreeMap<String, packages::Found>,
    files: &BTreeSet<PathBuf>,
    sentinel: &mut Sentinel,
) -> Option<Tree> {
    let table = packages::table();
    let names = packages
        .keys()
        .filter_map(|name| table.get(name)?.debian.as_deref());
    let names: Vec<&str> = names.collect();
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let tree = Tree::find(Path::new("/"), &names, &files)?;
    for file in tree.files() {
        sentinel.watch(&file);
    }
    Some(tree)
}

/// The first of the system's directories that has this program. The directories
/// themselves are watched; the program is, too, with what its links lead to.
fn find_program(name: &str, sentinel: &mut Sentinel) -> Option<PathBuf> {
    let path = platform::PROGRAM_DIRECTORIES
        .iter()
        .map(|directory| Path::new(directory).join(name))
        .find(|path| path.is_file())?;
    sentinel.watch(&path);
    Some(path)
}

/// Standard output of a program of the system, run in its own directories and
/// language; none if it fails.
fn run(program: &Path, arguments: &[&str]) -> Option<String> {
    answer(
        Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", platform::PROGRAM_DIRECTORIES.join(":"))
            .env("LC_ALL", "C"),
    )
}

/// Standard output of a program that is told nothing; none if it fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
