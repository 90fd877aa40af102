//! The machine's C compiler and binutils.
//!
//! Each program is named by its path in a system directory with links left as
//! they are: a compiler driver may go by the name it is called under
//! (`clang++` is a link to `clang`). What the links lead to is what is hashed.

use super::contents::files_below;
use super::sentinel::Sentinel;
use super::{find_program, platform, run};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The compiler, and the files whose contents its identity covers.
#[derive(Debug)]
pub(super) struct Cc {
    /// As the compiler says it: `12.2.0`.
    pub(super) version: String,
    /// Its name for what it compiles for: `x86_64-linux-gnu`.
    pub(super) machine: String,
    /// By the name a build calls it.
    pub(super) programs: BTreeMap<String, PathBuf>,
    /// Everything that takes part in a compilation: the programs, the
    /// compiler's own parts, libc's start files and libraries, the headers of
    /// compiler, libc and kernel.
    pub(super) files: Vec<PathBuf>,
}

const PROGRAMS: &[&str] = &[
    "cc", "c++", "gcc", "g++", "clang", "clang++", "cpp", "ld", "ar", "as", "ranlib", "nm", "strip",
    "objcopy", "objdump", "readelf",
];
const INNER_PROGRAMS: &[&str] = &["cc1", "cc1plus", "collect2", "lto1", "lto-wrapper"];

/// Finds the compiler; none if there is no `cc` in the system's directories.
pub(super) fn find(sentinel: &mut Sentinel) -> Option<Cc> {
    let programs: BTreeMap<String, PathBuf> = PROGRAMS
        .iter()
        .filter_map(|name| Some(((*name).to_string(), find_program(name, sentinel)?)))
        .collect();
    let cc = programs.get("cc")?;
    let version = run(cc, &["-dumpfullversion", "-dumpversion"])?.trim().to_string();
    let machine = run(cc, &["-dumpmachine"])?.trim().to_string();
    let mut files: Vec<PathBuf> = programs.values().cloned().collect();
    for program in &files {
        sentinel.watch_closely(program);
    }
    let asked = INNER_PROGRAMS
        .iter()
        .map(|name| format!("-print-prog-name={name}"))
        .chain(
            platform::C_RUNTIME
                .iter()
                .map(|name| format!("-print-file-name={name}")),
        );
    // What the compiler does not have it answers with the bare name.
    files.extend(
        asked
            .filter_map(|question| Some(PathBuf::from(run(cc, &[&question])?.trim())))
            .filter(|path| path.is_absolute() && path.is_file()),
    );
    for file in &files {
        sentinel.watch(file);
    }
    if let Some(own) = run(cc, &["-print-file-name=include"]).map(|path| PathBuf::from(path.trim()))
        && own.is_absolute()
    {
        let own = files_below(&own);
        sentinel.watch_all(&own);
        files.extend(own);
    }
    files.extend(headers(sentinel));
    files.sort();
    files.dedup();
    Some(Cc {
        version,
        machine,
        programs,
        files,
    })
}

fn headers(sentinel: &mut Sentinel) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for directory in platform::include_directories() {
        for name in platform::C_HEADERS {
            let path: &Path = &directory.join(name);
            sentinel.watch(path);
            if path.exists() {
                files.extend(files_below(path));
            }
        }
    }
    sentinel.watch_all(&files);
    files
}
