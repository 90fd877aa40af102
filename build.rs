//! Writes the table of the files of `nix/`, which `src/library.rs` embeds, and
//! their digest: it is part of every key, and hashing them would be nearly half
//! of what a prompt costs.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=nix");
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| PathBuf::from(std::env::var_os(name).expect("cargo sets it"));
    let top = variable("CARGO_MANIFEST_DIR").join("nix");
    let mut files = Vec::new();
    collect(&top, &mut files)?;
    files.sort();
    let mut table = String::from("[\n");
    let mut digest = blake3::Hasher::new();
    for file in files {
        let name = file.strip_prefix(&top).expect("it is below nix/");
        let name = name.to_str().expect("names in nix/ are UTF-8");
        let path = file.to_str().expect("the repository's path is UTF-8");
        writeln!(table, "    ({name:?}, include_bytes!({path:?}).as_slice()),").expect("a string");
        for part in [name.as_bytes(), &std::fs::read(&file)?] {
            digest.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
    }
    table.push(']');
    let out = variable("OUT_DIR");
    std::fs::write(out.join("library.rs"), table)?;
    std::fs::write(out.join("library.digest"), digest.finalize().as_bytes())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
