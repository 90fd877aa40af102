//! The machine's .pc files, as far as the host set needs to know them.

use super::packages::{find_library, in_first};
use super::platform;
use super::sentinel::Sentinel;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A .pc file, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Module {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Its `Version:`.
    pub(super) version: String,
    requires: Vec<String>,
    library_flags: Vec<String>,
    compiler_flags: Vec<String>,
}

/// The .pc files of the system's directories, read when first asked for.
#[derive(Debug, Default)]
pub(super) struct Modules {
    directories: Vec<PathBuf>,
    read: BTreeMap<String, Option<Module>>,
}

impl Modules {
    /// Of this machine; its directories are watched.
    pub(super) fn new(sentinel: &mut Sentinel) -> Modules {
        let directories = platform::pkg_config_directories();
        for directory in &directories {
            sentinel.watch_closely(directory);
        }
        Modules {
            directories,
            read: BTreeMap::new(),
        }
    }

    fn get(&mut self, name: &str) -> Option<Module> {
        let Modules { directories, read } = self;
        let find = || {
            let path = directories
                .iter()
                .map(|directory| directory.join(format!("{name}.pc")))
                .find(|path| path.is_file())?;
            let text = std::fs::read(&path).ok()?;
            Some(Module::parse(&path, &String::from_utf8_lossy(&text)))
        };
        read.entry(name.to_string()).or_insert_with(find).clone()
    }

    /// `wanted` and all they require, privately too (pkg-config refuses a
    /// module whose private requirements it does not see), by name, those that
    /// are there.
    pub(super) fn closure(&mut self, wanted: &[String]) -> Vec<(String, Module)> {
        let mut found: BTreeMap<String, Module> = BTreeMap::new();
        let mut pending = wanted.to_vec();
        while let Some(name) = pending.pop() {
            if !found.contains_key(&name)
                && let Some(module) = self.get(&name)
            {
                pending.extend(module.requires.iter().cloned());
                found.insert(name, module);
            }
        }
        found.into_iter().collect()
    }
}

impl Module {
    /// Lines `name=value` define variables, lines `Name: value` fields.
    fn parse(path: &Path, text: &str) -> Module {
        let mut module = Module {
            path: path.to_path_buf(),
            ..Module::default()
        };
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        if let Some(directory) = path.parent().and_then(Path::to_str) {
            variables.insert("pcfiledir".into(), directory.into());
        }
        for line in text.replace("\\\n", " ").lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some(at) = line.find([':', '=']) else { continue };
            let (name, value) = (line[..at].trim(), expand(line[at + 1..].trim(), &variables));
            if line[at..].starts_with('=') {
                variables.insert(name.to_string(), value);
                continue;
            }
            let words = || value.split_whitespace().map(str::to_string);
            match name {
                "Version" => module.version = value.clone(),
                "Requires" | "Requires.private" => module.requires.extend(required(&value)),
                "Libs" | "Libs.private" => module.library_flags.extend(words()),
                "Cflags" | "CFlags" => module.compiler_flags.extend(words()),
                _ => {}
            }
        }
        module
    }

    /// The files that its `-L` and `-l` flags mean.
    pub(super) fn libraries(&self) -> Vec<PathBuf> {
        let own: Vec<PathBuf> = flags(&self.library_flags, "-L").map(PathBuf::from).collect();
        flags(&self.library_flags, "-l")
            .flat_map(|name| {
                let files = in_first(&own, name);
                if files.is_empty() {
                    find_library(name)
                } else {
                    files
                }
            })
            .collect()
    }

    /// Include directories of its own, the compiler's usual ones left out.
    pub(super) fn include_directories(&self) -> Vec<PathBuf> {
        let usual: Vec<PathBuf> = platform::include_directories()
            .iter()
            .filter_map(|path| std::fs::canonicalize(path).ok())
            .collect();
        flags(&self.compiler_flags, "-I")
            .filter_map(|path| std::fs::canonicalize(path).ok())
            .filter(|path| !usual.contains(path) && path.is_dir())
            .collect()
    }
}

fn flags<'a>(words: &'a [String], flag: &'a str) -> impl Iterator<Item = &'a str> {
    words
        .iter()
        .filter_map(move |word| word.strip_prefix(flag))
        .filter(|rest| !rest.is_empty())
}

/// `${name}` replaced; an unknown one is empty, as with pkg-config.
fn expand(value: &str, variables: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        expanded.push_str(before);
        expanded.push_str(variables.get(name).map_or("", String::as_str));
        rest = after;
    }
    expanded.push_str(rest);
    expanded
}

/// The names of `a >= 1, b c = 2`.
fn required(value: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut words = value.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if word.starts_with(['<', '>', '=', '!']) {
            words.next();
        } else {
            names.push(word.to_string());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pc_file_is_read() {
        let text = "prefix=/opt/x\nlibdir=${prefix}/lib\n# a comment\nName: x\nVersion: 1.2\n\
                    Requires: a >= 1.0, b\nRequires.private: c = 2 d\nLibs: -L${libdir} -lx\nCflags: -I${prefix}/include\n";
        let module = Module::parse(Path::new("/opt/x/lib/pkgconfig/x.pc"), text);
        assert_eq!(module.version, "1.2");
        assert_eq!(module.requires, ["a", "b", "c", "d"]);
        assert_eq!(module.library_flags, ["-L/opt/x/lib", "-lx"]);
        assert_eq!(module.compiler_flags, ["-I/opt/x/include"]);
    }

    #[test]
    fn broken_text_is_no_panic() {
        for text in [
            "",
            ":",
            "=",
            "Libs: ${",
            "Libs: ${a",
            "Requires: >=",
            "\u{e9}: ${\u{e9}}",
        ] {
            Module::parse(Path::new("x.pc"), text);
        }
    }
}
