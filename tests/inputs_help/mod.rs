//! Shared by the tests of the input set: projects written file by file, and
//! what their snapshots hold.
#![allow(dead_code)]

use crate::common::World;
use cargo_nix::inputs::Inputs;
use cargo_nix::project::Project;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A project `p` in a world of its own.
pub struct Fixture {
    pub world: World,
    pub directory: PathBuf,
}

impl Fixture {
    /// With these files. A name that ends with `/` is an empty directory, one
    /// with ` -> ` a link.
    pub fn new(files: &[(&str, &str)]) -> Fixture {
        let world = World::new();
        let directory = world.path().join("p");
        let fixture = Fixture { world, directory };
        fixture.write(files);
        fixture
    }

    pub fn write(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            write(&self.directory, name, text);
        }
    }

    pub fn inputs(&self) -> Inputs {
        current(&self.directory, &self.world.cache()).unwrap()
    }

    pub fn digest(&self) -> blake3::Hash {
        self.inputs().digest()
    }

    /// What a discovery without any manifest finds.
    pub fn fresh_digest(&self) -> blake3::Hash {
        let cache = tempfile::tempdir().unwrap();
        current(&self.directory, cache.path()).unwrap().digest()
    }

    /// The message of the fault, paths of this world taken out.
    pub fn fault(&self) -> String {
        let error = current(&self.directory, &self.world.cache()).expect_err("a fault");
        assert_eq!(error.exit_code(), 4, "{error}");
        self.without_paths(&error.to_string())
    }

    pub fn without_paths(&self, text: &str) -> String {
        let top = self.directory.canonicalize().unwrap();
        text.replace(top.to_str().unwrap(), "[P]")
    }

    /// What a snapshot holds: `name`, `name*` (executable), `name -> target`, `name/` (empty).
    pub fn set(&self) -> Vec<String> {
        let into = self.world.path().join("snapshot");
        self.inputs().snapshot(&into).unwrap();
        listing(&into).into_keys().collect()
    }
}

pub fn current(directory: &Path, cache: &Path) -> cargo_nix::error::Result<Inputs> {
    let project = Project::find_below(Some(directory), None)?;
    Inputs::current(&project, cache)
}

pub fn write(top: &Path, name: &str, text: &str) {
    let link = name.split_once(" -> ");
    let path = top.join(link.map_or(name, |(name, _)| name));
    if name.ends_with('/') {
        return std::fs::create_dir_all(path).unwrap();
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    match link {
        Some((_, target)) => std::os::unix::fs::symlink(target, path).unwrap(),
        None => std::fs::write(path, text).unwrap(),
    }
}

/// Everything below `top`, with contents.
pub fn listing(top: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![top.to_path_buf()];
    while let Some(directory) = directories.pop() {
        let entries: Vec<PathBuf> = directory
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let name = |path: &Path| path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
        if entries.is_empty() && directory != top {
            found.insert(format!("{}/", name(&directory)), Vec::new());
        }
        for path in entries {
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_symlink() {
                let target = path.read_link().unwrap();
                found.insert(format!("{} -> {}", name(&path), target.display()), Vec::new());
            } else if metadata.is_dir() {
                directories.push(path);
            } else {
                let star = if metadata.permissions().mode() & 0o100 != 0 {
                    "*"
                } else {
                    ""
                };
                found.insert(format!("{}{star}", name(&path)), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
