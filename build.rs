//! Writes the table of the files of `nix/`, which `src/library.rs` embeds, and
//! their digest: it is part of every key, and hashing them would be nearly half
//! of what a prompt costs. Has the program start with one library less.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    std::fs::write(out.join("library.digest"), digest.finalize().as_bytes())?;
    link_the_unwinder_in(&out)
}

/// The program starts at every prompt, and to load `libgcc_s.so`, of which it
/// needs no more than the unwinder, is a tenth of that. Where the compiler has
/// the unwinder as an archive, ours is the first `libgcc_s.so` that the linker
/// finds, and sends it there. Where it has none, nothing changes.
fn link_the_unwinder_in(out: &Path) -> std::io::Result<()> {
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let variable = |name| std::env::var_os(name).unwrap_or_default();
    let gnu = variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    if !gnu || variable("HOST") != variable("TARGET") {
        return Ok(());
    }
    let linker = std::env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let answer = Command::new(linker).arg("-print-file-name=libgcc_eh.a").output();
    // A bare name is the answer if it is not there.
    let archive = answer
        .ok()
        .and_then(|answer| String::from_utf8(answer.stdout).ok());
    let Some(archive) = archive.filter(|path| Path::new(path.trim()).is_file() && path.starts_with('/'))
    else {
        return Ok(());
    };
    let directory = out.join("unwinder");
    std::fs::create_dir_all(&directory)?;
    std::fs::write(
        directory.join("libgcc_s.so"),
        format!("INPUT(\"{}\")\n", archive.trim()),
    )?;
    println!("cargo::rustc-link-search=native={}", directory.display());
    Ok(())
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
