//! The directories beside a flake that its flake.lock takes in: inputs of type
//! `path` with a relative path.
//!
//! A lock file that cannot be understood has none here: the evaluator reads the
//! same bytes and says what is wrong with them.

use serde_json::Value;

/// The relative paths, from the lock file's directory, as written. A path input
/// of another path input is relative to that one: they are joined.
pub(super) fn relative_inputs(text: &[u8]) -> Vec<String> {
    let Ok(lock) = serde_json::from_slice::<Value>(text) else {
        return Vec::new();
    };
    let Some(nodes) = lock["nodes"].as_object() else {
        return Vec::new();
    };
    nodes
        .values()
        .filter_map(|node| place(&lock, node, nodes.len()))
        .collect()
}

/// The names of the inputs, if there are some and none is nixpkgs, as
/// nix/sources/flake-lock.nix decides that.
pub(crate) fn without_nixpkgs(text: &[u8]) -> Option<Vec<String>> {
    let lock: Value = serde_json::from_slice(text).ok()?;
    let inputs = lock["nodes"][lock["root"].as_str()?]["inputs"].as_object()?;
    let most = lock["nodes"].as_object().map_or(0, serde_json::Map::len);
    let is_nixpkgs = |name: &String| {
        let node = follow(&lock, &[Value::String(name.clone())], most);
        name == "nixpkgs" || node.is_some_and(|node| node["locked"]["repo"] == "nixpkgs")
    };
    let none = !inputs.is_empty() && !inputs.keys().any(is_nixpkgs);
    none.then(|| inputs.keys().cloned().collect())
}

/// Where the tree of `node` lies; `None` if it is fetched from elsewhere.
fn place(lock: &Value, node: &Value, depth: usize) -> Option<String> {
    let locked = &node["locked"];
    let path = locked["path"].as_str().filter(|_| locked["type"] == "path")?;
    if path.starts_with('/') || depth == 0 {
        return None;
    }
    match node["parent"].as_array() {
        Some(parent) if !parent.is_empty() => {
            let above = place(lock, follow(lock, parent, depth)?, depth - 1)?;
            Some(format!("{above}/{path}"))
        }
        _ => Some(path.to_owned()),
    }
}

/// The node that a list of input names leads to, from the lock's root.
fn follow<'a>(lock: &'a Value, names: &[Value], depth: usize) -> Option<&'a Value> {
    let mut name = lock["root"].as_str()?.to_owned();
    for input in names {
        name = match &lock["nodes"][&name]["inputs"][input.as_str()?] {
            Value::String(next) => next.clone(),
            Value::Array(followed) if depth > 0 => return follow(lock, followed, depth - 1),
            _ => return None,
        };
    }
    Some(&lock["nodes"][&name])
}

#[cfg(test)]
mod tests {
    use super::relative_inputs;

    #[test]
    fn relative_path_inputs_are_found_and_joined() {
        let text = br#"{ "root": "root", "version": 7, "nodes": {
            "root": { "inputs": { "a": "a", "n": "n", "x": "x" } },
            "a": { "inputs": { "b": "b" }, "locked": { "type": "path", "path": "./sub/a" }, "parent": [] },
            "b": { "locked": { "type": "path", "path": "../b" }, "parent": ["a"] },
            "n": { "locked": { "type": "github", "path": "./no" } },
            "x": { "locked": { "type": "path", "path": "/absolute" } } } }"#;
        assert_eq!(relative_inputs(text), ["./sub/a", "./sub/a/../b"]);
    }

    #[test]
    fn nonsense_has_none() {
        for text in [
            "",
            "[]",
            "{\"nodes\":3}",
            "{\"nodes\":{\"a\":{\"locked\":{\"type\":\"path\"}}}}",
        ] {
            assert_eq!(relative_inputs(text.as_bytes()), [""; 0]);
        }
        let circle = br#"{ "root": "root", "nodes": { "root": { "inputs": { "a": "a" } },
            "a": { "locked": { "type": "path", "path": "./a" }, "parent": ["a"] } } }"#;
        assert_eq!(relative_inputs(circle), [""; 0]);
    }
}
