//! Projects for the tests of the Nix library, and what becomes of them.
#![allow(dead_code)]

use crate::common::{self, World};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A project in a world of its own.
pub struct Case {
    /// Its world.
    pub world: World,
    /// The project's directory.
    pub project: PathBuf,
}

impl Case {
    /// A project of these files (path, text).
    pub fn new(files: &[(&str, &str)]) -> Case {
        let world = World::new();
        let project = world.path().join("project");
        for (path, text) in files {
            world.write(&format!("project/{path}"), text);
        }
        Case { world, project }
    }

    /// [`Case::locked`], or over the host set if nothing is pinned.
    pub fn over(pins: &[(&str, &str)], files: &[(&str, &str)]) -> Case {
        match pins {
            [] => Case::new(files),
            pins => Case::locked(pins, files),
        }
    }

    /// The same, with a flake.lock that pins fixtures under these names.
    pub fn locked(pins: &[(&str, &str)], files: &[(&str, &str)]) -> Case {
        let case = Case::new(files);
        case.world.write("project/flake.lock", &lock(pins).to_string());
        case
    }

    /// The environment's dump, and its store path.
    pub fn environment(&self) -> (Value, PathBuf) {
        common::success(
            self.world
                .cargo_nix()
                .args(["env", "--print", "--quiet"])
                .current_dir(&self.project),
        );
        let slots = std::fs::read_dir(self.world.cache().join("slots")).expect("slots");
        let links: Vec<PathBuf> = slots
            .map(|slot| slot.expect("a slot").path().join("env"))
            .collect();
        let [link] = links.as_slice() else {
            panic!("one slot, not {links:?}")
        };
        let path = std::fs::read_link(link).expect("the root of the environment");
        let text = std::fs::read_to_string(&path).expect("the dump");
        (serde_json::from_str(&text).expect("JSON"), path)
    }

    /// The dump with store paths shortened to `<name>`.
    pub fn dump(&self) -> Value {
        shorten(&self.environment().0)
    }

    /// What the user is told, without the names of this test's directories.
    pub fn fault(&self) -> String {
        let output = common::run(
            self.world
                .cargo_nix()
                .args(["env", "--print", "--quiet"])
                .current_dir(&self.project),
        );
        assert!(!output.status.success(), "{}", common::both(&output));
        String::from_utf8(output.stderr)
            .expect("UTF-8")
            .replace(self.project.to_str().expect("UTF-8"), "<project>")
    }
}

/// A flake.lock of (input's name, fixture).
pub fn lock(pins: &[(&str, &str)]) -> Value {
    let mut nodes = serde_json::Map::new();
    let mut inputs = serde_json::Map::new();
    for (name, fixture) in pins {
        let path = common::repository().join("tests/fixtures").join(fixture);
        let hash = cargo_nix::nar::hash(&path).expect("the fixture's hash");
        let locked = json!({ "type": "path", "path": path, "narHash": hash, "lastModified": 1 });
        let original = json!({ "type": "path", "path": path });
        nodes.insert(
            (*name).into(),
            json!({ "flake": false, "locked": locked, "original": original }),
        );
        inputs.insert((*name).into(), json!(name));
    }
    nodes.insert("root".into(), json!({ "inputs": inputs }));
    json!({ "version": 7, "root": "root", "nodes": nodes })
}

/// `/…/store/<hash>-name/rest` as `<name>/rest`, in every string.
pub fn shorten(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(shorten_text(text)),
        Value::Array(list) => Value::Array(list.iter().map(shorten).collect()),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(name, value)| (name.clone(), shorten(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn shorten_text(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/nix/store/") {
        let start = before.rfind([':', ' ', 'L']).map_or(0, |index| index + 1);
        let end = after[33..]
            .find(['/', ':', ' '])
            .map_or(after.len(), |end| end + 33);
        shown += &before[..start];
        shown += &format!("<{}>", &after[33..end]);
        rest = &after[end..];
    }
    shown + rest
}
