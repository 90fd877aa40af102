//! `cargo-nix fetch`: the sources of a whole Cargo.lock in the store, and in
//! cargo's home a link to each.
//!
//! Cargo stays the one that fetches. Here its downloads are compared with
//! Cargo.lock, what it unpacked is compared with them, and only then does a
//! link take the place of a directory.

use crate::build::fetched::{Archive, Sources, Unpacked, dangling, unpacked};
use crate::build::index::Index;
use crate::build::origin::{Origin, store_name};
use crate::build::realise::{Builder, Unbuilt};
use crate::build::source;
use crate::build::workshop::Unserved;
use crate::cargo_lock::Lock;
use crate::cli::FetchArgs;
use crate::error::{Error, Result};
use crate::vars::Vars;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// What became of the packages.
#[derive(Default)]
struct Tally {
    linked: usize,
    already: usize,
    git: usize,
    edited: Vec<PathBuf>,
    absent: usize,
    /// Links and where they lead.
    roots: Vec<(PathBuf, String)>,
}

pub(super) fn run(args: &FetchArgs) -> Result<ExitCode> {
    let vars = Vars::read();
    let directory = args.project.clone().unwrap_or_else(|| PathBuf::from("."));
    let home = vars
        .cargo_home()
        .ok_or(Error::NoHome("neither CARGO_HOME nor HOME"))?;
    for link in dangling(&home, &vars.store_dir()) {
        std::fs::remove_file(&link).map_err(Error::io("removing", &link))?;
    }
    let lock_file = cargo_fetch(&directory, args)?;
    let text = std::fs::read_to_string(&lock_file).map_err(Error::io("reading", &lock_file))?;
    let lock = Lock::parse(&text).map_err(|reason| Error::Project {
        message: format!("{} is not a Cargo.lock: {reason}", lock_file.display()),
    })?;
    let store = Store::open(&vars)?;
    let sources = Sources::of(&home);
    // Before anything is changed, everything is compared.
    let mut archives = Vec::new();
    let mut tally = Tally::default();
    for package in &lock.packages {
        if let Some(checksum) = &package.checksum {
            match sources.archive(package, checksum)? {
                Some(archive) => archives.push(archive),
                None => tally.absent += 1,
            }
        } else if let Some(checkout) = sources.checkout(package) {
            store.checkout(&checkout)?;
            tally.git += 1;
        }
    }
    for archive in &archives {
        store.link(archive, &mut tally)?;
    }
    store.root(std::mem::take(&mut tally.roots))?;
    if !args.quiet {
        tell(&tally);
    }
    Ok(ExitCode::SUCCESS)
}

/// Has cargo fetch what Cargo.lock names; gives that file.
fn cargo_fetch(directory: &Path, args: &FetchArgs) -> Result<PathBuf> {
    let cargo = |words: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(words).current_dir(directory).stdin(Stdio::null());
        command
    };
    let not_started = |error: std::io::Error| Error::Machine {
        message: format!(
            "cargo does not start: {error}\n  it fetches; `cargo nix exec cargo nix fetch` has the environment's"
        ),
    };
    let mut fetch = cargo(&["fetch", "--locked"]);
    fetch
        .args(args.offline.then_some("--offline"))
        .args(args.quiet.then_some("--quiet"));
    let status = fetch.status().map_err(not_started)?;
    if !status.success() {
        return Err(Error::Project {
            message: format!(
                "cargo fetch --locked failed ({status})\n  what it said is above; nothing was changed"
            ),
        });
    }
    let output = cargo(&["locate-project", "--workspace", "--message-format", "plain"])
        .output()
        .map_err(not_started)?;
    let manifest = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(Path::new(&manifest).with_file_name("Cargo.lock"))
}

/// The store, by way of the build service.
struct Store {
    builder: Builder,
    index: Index,
    dir: PathBuf,
}

impl Store {
    fn open(vars: &Vars) -> Result<Store> {
        let index = Index::below(&vars.cache_dir()?);
        Ok(Store {
            builder: Builder::below(index.dir(), vars, Vec::new())?,
            index,
            dir: vars.store_dir(),
        })
    }

    /// The tree in the store.
    fn add(&self, root: &Path, name: &str) -> Result<String> {
        let origin = Origin {
            root: root.to_owned(),
            name: store_name(name),
        };
        let source = source::of(&origin, &self.dir, &self.index, |item| {
            self.builder.import(item).map_err(Unserved::from)
        });
        source
            .map(|source| source.input.path)
            .map_err(|unserved| match unserved {
                Unserved::Failed(failure) => Error::Evaluator(failure),
                other => Error::Machine {
                    message: format!(
                        "{} cannot be added to the store: {}",
                        root.display(),
                        other.reason()
                    ),
                },
            })
    }

    /// A git checkout, which cargo keeps as it is.
    fn checkout(&self, root: &Path) -> Result<()> {
        let word = |path: Option<&Path>| {
            path.and_then(Path::file_name)
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        self.add(root, &format!("{}-{}", word(root.parent()), word(Some(root))))
            .map(drop)
    }

    /// Puts a link where cargo unpacked the archive.
    fn link(&self, archive: &Archive, tally: &mut Tally) -> Result<()> {
        match unpacked(archive, &self.dir)? {
            Unpacked::Link(path) => {
                tally.already += 1;
                tally.roots.push((archive.directory.clone(), path));
            }
            Unpacked::Edited(file) => tally.edited.push(file),
            Unpacked::AsIs => {
                let path = self.add(&archive.directory, &archive.name)?;
                archive.replace(&path)?;
                tally.linked += 1;
                tally.roots.push((archive.directory.clone(), path));
            }
            Unpacked::Absent => {
                let scratch = archive.unpack(self.index.dir())?;
                let path = self.add(&scratch.path().join(&archive.name), &archive.name)?;
                archive.replace(&path)?;
                tally.linked += 1;
                tally.roots.push((archive.directory.clone(), path));
            }
        }
        Ok(())
    }

    /// Keeps the collector from what the links lead to, for as long as they do.
    fn root(&self, links: Vec<(PathBuf, String)>) -> Result<()> {
        if links.is_empty() {
            return Ok(());
        }
        let warning = self.builder.roots(links).map_err(|unbuilt| match unbuilt {
            Unbuilt::Failed(failure) => Error::Evaluator(failure),
            Unbuilt::Unreachable(message) => Error::Machine { message },
        })?;
        if let Some(warning) = warning {
            crate::say!("warning: {warning}");
        }
        Ok(())
    }
}

/// `1 source`, `2 sources`.
fn counted(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

fn tell(tally: &Tally) {
    let Tally {
        linked,
        already,
        git,
        edited,
        absent,
        ..
    } = tally;
    crate::say!(
        "{} linked to the store, {already} were before",
        counted(*linked, "source")
    );
    if *git > 0 {
        crate::say!(
            "{} in the store; cargo keeps the checkouts",
            counted(*git, "git source")
        );
    }
    if *absent > 0 {
        crate::say!(
            "{} not downloaded: cargo takes them from elsewhere, a vendored directory say",
            counted(*absent, "package")
        );
    }
    for file in edited {
        crate::say!(
            "warning: {} is not what cargo unpacked: its package is left as it is\n  \
             remove the package's directory and fetch again to have it as it was published",
            file.display()
        );
    }
}
