//! Which seed a cargo at its beginning has use for: a hash over what decides which
//! units it wants and what cargo's own notes of them do not tell.
//!
//! Never: guessing where the target directory is. What may have it elsewhere than
//! beside the workspace's Cargo.lock means that there is none.

use super::super::context::Context;
use super::super::{journal, plan};
use super::cargo::Cargo;
use crate::bounded;
use crate::vars::Vars;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Bumped when seeds of an earlier form must not be found any more.
const FORM: &str = "cargo-nix seed 3";
/// What may have the target directory elsewhere in a configuration, as words.
const SETTINGS: [&str; 7] = [
    "target-dir",
    "build-dir",
    "include",
    "relative",
    // In an alias.
    "--config",
    "--manifest-path",
    "--path",
];
/// So may these variables.
const VARIABLES: [&str; 4] = [
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_DIR",
    "CARGO_BUILD_BUILD_DIR",
];
/// Variables of cargo, rustc and ours that do not change what is built; what the
/// context names counts by its content.
const OF_NO_MATTER: [&str; 5] = [
    "CARGO_NIX_DEBUG",
    "CARGO_NIX_DEVELOP",
    "CARGO_NIX_STATUS",
    "RUST_BACKTRACE",
    crate::vars::UNITS_CONTEXT,
];

/// The variables of a process, each with a hash of its value, which with the salt of this
/// cache alone can be made again: secrets are among them.
pub type Variables = BTreeMap<String, String>;

/// A build that begins in a target directory that is not there.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// 64 hex digits.
    pub key: String,
    /// The target directory, absolute.
    pub target: PathBuf,
    /// Where cargo keeps sources.
    pub cargo_home: PathBuf,
    /// See [`journal::build_id`].
    pub build: String,
    /// All variables of cargo.
    pub variables: Variables,
}

impl Wanted {
    /// The directory of the workspace.
    pub fn workspace(&self) -> &Path {
        self.target.parent().unwrap_or(&self.target)
    }

    /// The key of a seed that is of use in this workspace alone.
    pub fn key_in_place(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(self.key.as_bytes())
            .update(self.workspace().as_os_str().as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// Of the cargo that started this process; `None` if no seed is of use to it.
    pub fn here(context: &Context, vars: &Vars, salt: &[u8; 32]) -> Option<Wanted> {
        let variables: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        Wanted::of(&Cargo::here()?, context, vars, &variables, salt)
    }

    fn of(
        cargo: &Cargo,
        context: &Context,
        vars: &Vars,
        variables: &BTreeMap<OsString, OsString>,
        salt: &[u8; 32],
    ) -> Option<Wanted> {
        let asked = cargo.asks()?;
        if variables.iter().any(|(name, value)| is_elsewhere(name, value)) {
            return None;
        }
        let cargo_home = vars.cargo_home()?;
        let root = workspace(&cargo.directory)?;
        let target = root.join("target");
        if !is_plain(&target) || target.symlink_metadata().is_ok() {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        add(FORM.as_bytes());
        [plan::COMPILE, plan::RUN]
            .into_iter()
            .for_each(|script| add(script.as_bytes()));
        for program in [&std::env::current_exe().ok()?, &cargo.program] {
            add(program.as_os_str().as_bytes());
            let metadata = program.metadata().ok()?;
            add(&metadata.len().to_le_bytes());
            add(format!("{:?}", metadata.modified().ok()?).as_bytes());
        }
        add(serde_json::to_string(context).ok()?.as_bytes());
        add(cargo.directory.strip_prefix(&root).ok()?.as_os_str().as_bytes());
        add(cargo_home.as_os_str().as_bytes());
        add(asked.len().to_string().as_bytes());
        asked.iter().for_each(|word| add(word.as_bytes()));
        add(&bounded::read(&root.join("Cargo.lock"), bounded::LARGE).ok()?);
        for dir in cargo
            .directory
            .ancestors()
            .take_while(|dir| dir.starts_with(&root))
        {
            // Which one is whose workspace is said in them.
            add(&read(&dir.join("Cargo.toml"))?.unwrap_or_default());
        }
        for (place, text) in configurations(&cargo.directory, &cargo_home)? {
            add(place.as_bytes());
            add(&text);
        }
        for (name, value) in variables {
            if is_of_matter(name.as_bytes()) {
                add(name.as_bytes());
                add(value.as_bytes());
            }
        }
        Some(Wanted {
            key: hasher.finalize().to_hex().to_string(),
            target,
            cargo_home,
            build: journal::build_id().to_owned(),
            variables: hashed(variables, salt),
        })
    }
}

/// Whether a variable may have the target directory elsewhere.
fn is_elsewhere(name: &OsStr, value: &OsStr) -> bool {
    let is_alias = || name.as_bytes().starts_with(b"CARGO_ALIAS_");
    VARIABLES.iter().any(|of| name == *of) || is_alias() && has_settings(value.as_bytes())
}

/// Whether this text of cargo's configuration may.
fn has_settings(text: &[u8]) -> bool {
    let words = String::from_utf8_lossy(text);
    SETTINGS.iter().any(|setting| words.contains(setting))
}

/// A file, if it is there; `None` if what is there cannot be read.
fn read(path: &Path) -> Option<Option<Vec<u8>>> {
    match bounded::read(path, bounded::LARGE) {
        Ok(text) => Some(Some(text)),
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => Some(None),
        Err(_) => None,
    }
}

/// As [`Variables`]; the names that are text.
fn hashed(variables: &BTreeMap<OsString, OsString>, salt: &[u8; 32]) -> Variables {
    let hash = |value: &OsString| blake3::keyed_hash(salt, value.as_bytes()).to_hex()[..32].to_owned();
    let named = |(name, value): (&OsString, &OsString)| Some((name.to_str()?.to_owned(), hash(value)));
    variables.iter().filter_map(named).collect()
}

fn is_of_matter(name: &[u8]) -> bool {
    // `DEP_*` are handed to build scripts, by whoever they are set.
    let of_tools = [&b"CARGO"[..], b"RUST", b"DEP_", b"NIX_RUSTFLAGS"];
    of_tools.iter().any(|start| name.starts_with(start))
        // Of what cargo shows, and of a tool that calls cargo.
        && ![&b"CARGO_TERM_"[..], b"CARGO_MAKE_"].iter().any(|start| name.starts_with(start))
        && !OF_NO_MATTER.iter().any(|not| name == not.as_bytes())
}

/// Whether a path may be looked for, and replaced, in what cargo wrote of it.
fn is_plain(path: &Path) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._+-@=".contains(byte);
    path.is_absolute() && path.components().count() > 2 && path.as_os_str().as_bytes().iter().all(is_plain)
}

/// The directory of the workspace's Cargo.lock; `None` where another Cargo.toml above
/// it may have a say.
fn workspace(directory: &Path) -> Option<PathBuf> {
    let manifests = directory
        .ancestors()
        .filter(|dir| dir.join("Cargo.toml").exists());
    let outermost = manifests.last()?;
    outermost
        .join("Cargo.lock")
        .is_file()
        .then(|| outermost.to_path_buf())
}

/// What cargo is configured with, the nearest first, each with its distance; `None` if
/// one of them may have the target directory elsewhere.
fn configurations(directory: &Path, cargo_home: &Path) -> Option<Vec<(String, Vec<u8>)>> {
    let near = directory.ancestors().map(|dir| dir.join(".cargo")).enumerate();
    let near = near.map(|(distance, dir)| (distance.to_string(), dir));
    let mut found = Vec::new();
    for (place, dir) in near.chain([("home".to_owned(), cargo_home.to_path_buf())]) {
        for name in ["config", "config.toml"] {
            let Some(text) = read(&dir.join(name))? else {
                continue;
            };
            if has_settings(&text) {
                return None;
            }
            found.push((place.clone(), text));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A checkout with one member, and cargo at work in it.
    struct Checkout {
        dir: tempfile::TempDir,
        cargo: Cargo,
        context: Context,
        vars: Vars,
        variables: BTreeMap<OsString, OsString>,
    }

    impl Checkout {
        fn new() -> Checkout {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().join("w");
            for (file, text) in [
                ("w/Cargo.toml", "[workspace]"),
                ("w/Cargo.lock", "version = 4"),
                ("w/member/Cargo.toml", "[package]"),
                ("home/config.toml", "[net]"),
            ] {
                let file = dir.path().join(file);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
            let input = json!({ "path": "/s/x", "derivation": null });
            let context =
                json!({ "system": "s", "storeDir": "/s", "toolchain": input, "environment": input });
            let vars = Vars {
                // The same for every checkout, as a user's is.
                cargo_home: Some("/nowhere/cargo".into()),
                ..Vars::default()
            };
            let words = ["cargo", "build", "-p", "member"].map(OsString::from);
            Checkout {
                cargo: Cargo {
                    program: "/bin/sh".into(),
                    words: words.to_vec(),
                    directory: root,
                },
                context: serde_json::from_value(context).unwrap(),
                vars,
                variables: [("CARGO_PROFILE_DEV_OPT_LEVEL".into(), "1".into())].into(),
                dir,
            }
        }

        fn wanted(&self) -> Option<Wanted> {
            Wanted::of(&self.cargo, &self.context, &self.vars, &self.variables, &[0; 32])
        }

        fn set(&mut self, name: &str, value: &str) {
            self.variables.insert(name.into(), value.into());
        }

        fn write(&mut self, file: &str, text: &str) {
            let file = self.dir.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }

        fn call(&mut self, words: &[&str]) {
            self.cargo.words = words.iter().map(OsString::from).collect();
        }
    }

    fn key(change: fn(&mut Checkout)) -> Option<String> {
        let mut checkout = Checkout::new();
        change(&mut checkout);
        checkout.wanted().map(|wanted| wanted.key)
    }

    #[test]
    fn each_part_changes_the_key_alone() {
        let changes: [fn(&mut Checkout); 19] = [
            |_| (),
            |c| c.cargo.program = c.dir.path().join("home/config.toml"),
            |c| c.cargo.directory = c.dir.path().join("w/member"),
            |c| {
                c.cargo.directory = c.dir.path().join("w/member");
                c.write("w/member/Cargo.toml", "[package]\n[workspace]");
            },
            |c| c.call(&["cargo", "check", "-p", "member"]),
            |c| c.call(&["cargo", "build", "-p"]),
            |c| c.call(&["cargo", "build", "-p", "member", "--release"]),
            |c| c.write("w/Cargo.toml", "[workspace]\n"),
            |c| c.write("w/Cargo.lock", "version = 3"),
            |c| c.write("w/.cargo/config.toml", "[net]"),
            |c| c.write("w/.cargo/config", "[net]\n"),
            |c| c.write(".cargo/config.toml", "[net]"),
            |c| c.set("CARGO_PROFILE_DEV_OPT_LEVEL", "2"),
            |c| c.set("RUSTFLAGS", ""),
            |c| c.set("DEP_Z", "1"),
            |c| c.set("NIX_RUSTFLAGS", "-g"),
            |c| c.context.system = "t".into(),
            |c| c.context.toolchain.path = "/s/y".into(),
            |c| c.vars.cargo_home = Some(c.dir.path().join("home")),
        ];
        let keys: Vec<String> = changes.into_iter().map(|change| key(change).unwrap()).collect();
        for (at, one) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(one), "{at}");
        }
        // A configuration of cargo's home counts by its content.
        let mut checkout = Checkout::new();
        checkout.vars.cargo_home = Some(checkout.dir.path().join("home"));
        let before = checkout.wanted().unwrap().key;
        checkout.write("home/config.toml", "[net]\n");
        assert_ne!(checkout.wanted().unwrap().key, before);
    }

    #[test]
    fn what_does_not_matter_is_not_in_it() {
        let changes: [fn(&mut Checkout); 8] = [
            |_| (),
            |c| c.set("CARGO_NIX_STATUS", "building"),
            |c| c.set("CARGO_MAKE_TASK", "x"),
            |c| {
                c.call(&[
                    "/else/cargo",
                    "build",
                    "-v",
                    "-p",
                    "member",
                    "--color",
                    "never",
                    "-j4",
                ])
            },
            |c| {
                c.call(&[
                    "cargo",
                    "--offline",
                    "build",
                    "--jobs",
                    "3",
                    "-p",
                    "member",
                    "--",
                    "-C",
                    "x",
                ])
            },
            |c| c.set("HOME", "/else"),
            |c| c.set("CARGO_TERM_COLOR", "never"),
            |c| c.set("CARGO_NIX_DEVELOP", "/else"),
        ];
        let keys: std::collections::BTreeSet<_> = changes.into_iter().map(key).collect();
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert!(!keys.contains(&None));
    }

    #[test]
    fn where_the_target_directory_may_be_elsewhere_there_is_none() {
        let changes: [fn(&mut Checkout); 18] = [
            |c| c.call(&["cargo", "build", "--target-dir", "x"]),
            |c| c.call(&["cargo", "install", "--path", "x"]),
            |c| c.set("CARGO_ALIAS_X", "build --manifest-path x"),
            |c| std::fs::create_dir_all(c.dir.path().join("w/.cargo/config.toml")).unwrap(),
            |c| c.call(&["cargo", "build", "--target-dir=x"]),
            |c| c.call(&["cargo", "--config", "x", "build"]),
            |c| c.call(&["cargo", "build", "-Zunstable"]),
            |c| c.call(&["cargo", "-C", "x", "build"]),
            |c| c.call(&["cargo", "build", "--manifest-path", "x"]),
            |c| c.set("CARGO_TARGET_DIR", "x"),
            |c| c.set("CARGO_BUILD_BUILD_DIR", "x"),
            |c| c.write("w/.cargo/config.toml", "build.target-dir = 'x'"),
            |c| c.write(".cargo/config", "[build]\nbuild-dir = 'x'"),
            |c| c.write(".cargo/config.toml", "include = 'x'"),
            |c| c.write(".cargo/config.toml", "alias.x = 'build --config y'"),
            |c| c.write("Cargo.toml", "[workspace]"),
            |c| c.write("w/target/x", ""),
            |c| std::fs::remove_file(c.dir.path().join("w/Cargo.lock")).unwrap(),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            assert_eq!(key(change), None, "{at}");
        }
    }
}
