//! What is different between two store paths, as lines for people. What a
//! collector has taken cannot be told, and gives no line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files of two trees: `src/lib.rs changed`, `build.rs is new`, `x is gone`.
pub fn trees(old: &str, new: &str) -> Vec<String> {
    let (Ok(was), Ok(is)) = (files(Path::new(old)), files(Path::new(new))) else {
        return vec!["the sources are no longer in the store".into()];
    };
    let mut lines = Vec::new();
    for (file, path) in &is {
        match was.get(file) {
            None => lines.push(format!("{} is new", file.display())),
            Some(other) if !is_same(other, path) => lines.push(format!("{} changed", file.display())),
            Some(_) => {}
        }
    }
    let gone = was.keys().filter(|file| !is.contains_key(*file));
    lines.extend(gone.map(|file| format!("{} is gone", file.display())));
    lines
}

fn files(root: &Path) -> std::io::Result<BTreeMap<PathBuf, PathBuf>> {
    let mut files = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                left.push(path);
            } else if let Ok(relative) = path.strip_prefix(root) {
                files.insert(relative.to_owned(), path.clone());
            }
        }
    }
    Ok(files)
}

fn is_same(one: &Path, other: &Path) -> bool {
    let bytes = |path: &Path| match std::fs::read_link(path) {
        Ok(target) => Ok(target.into_os_string().into_encoded_bytes()),
        Err(_) => std::fs::read(path),
    };
    matches!((bytes(one), bytes(other)), (Ok(one), Ok(other)) if one == other)
}

/// Lines of two files of sh that set variables: `+export CC=clang`.
pub fn variables(old: &str, new: &str) -> Vec<String> {
    let (Ok(was), Ok(is)) = (std::fs::read_to_string(old), std::fs::read_to_string(new)) else {
        return vec!["what it gave before is no longer in the store".into()];
    };
    let missing = |text: &str, from: &str, sign: char| -> Vec<String> {
        let is_missing = |line: &&str| !from.lines().any(|other| other == *line);
        text.lines()
            .filter(is_missing)
            .map(|line| format!("{sign}{line}"))
            .collect()
    };
    [missing(&is, &was, '+'), missing(&was, &is, '-')].concat()
}
