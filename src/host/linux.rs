//! Where a Linux machine keeps things; `macos.rs` is the counterpart.

use rustix::fs::OFlags;
use rustix::process::Pid;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where programs are looked for, in order.
///
/// Not the user's PATH: two shells with different ones would be two machines,
/// and only what lies below the sandbox paths can run in a build.
/// `/usr/local/bin` comes last, so that what the distribution provides is taken
/// where there is a choice.
pub(super) const PROGRAM_DIRECTORIES: &[&str] = &["/usr/bin", "/bin", "/usr/local/bin"];

/// Opens a directory for looking things up in it, and for nothing else; half the
/// price.
pub(super) const LOOKUP_ONLY: OFlags = OFlags::PATH;

/// What the C compiler is asked for with `-print-file-name`.
pub(super) const C_RUNTIME: &[&str] = &[
    "libc.so.6",
    "libc.so",
    "libc.a",
    "libc_nonshared.a",
    "libm.so.6",
    "libpthread.a",
    "crt1.o",
    "Scrt1.o",
    "crti.o",
    "crtn.o",
    "crtbegin.o",
    "crtbeginS.o",
    "crtbeginT.o",
    "crtend.o",
    "crtendS.o",
    "libgcc.a",
    "libgcc_eh.a",
    "libgcc_s.so.1",
    "libstdc++.so",
    "libstdc++.a",
    "liblto_plugin.so",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "ld-musl-x86_64.so.1",
];

/// Headers of the C library and the kernel, below the include directories.
pub(super) const C_HEADERS: &[&str] = &[
    "stdio.h",
    "stdlib.h",
    "stdint.h",
    "features.h",
    "unistd.h",
    "bits",
    "sys",
    "gnu",
    "asm",
    "linux",
    "c++",
];

/// `x86_64-linux-gnu` and the like, where the distribution is multiarch.
fn multiarch() -> Option<String> {
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    Path::new("/usr/lib").join(&triple).is_dir().then_some(triple)
}

/// `/usr/local/<below>/<triple>`, `/usr/local/<below>`, `/usr/<below>/<triple>`, …
fn under_usr(below: &[&str], rest: &str) -> Vec<PathBuf> {
    let triple = multiarch();
    let mut all = Vec::new();
    for prefix in ["/usr/local", "/usr"] {
        for directory in below {
            let directory = Path::new(prefix).join(directory);
            all.extend(triple.as_ref().map(|triple| directory.join(triple).join(rest)));
            all.push(directory.join(rest));
        }
    }
    all
}

/// Where .pc files are looked for, in order.
pub(super) fn pkg_config_directories() -> Vec<PathBuf> {
    let mut all = under_usr(&["lib"], "pkgconfig");
    all.extend(
        [
            "/usr/lib64/pkgconfig",
            "/usr/local/share/pkgconfig",
            "/usr/share/pkgconfig",
        ]
        .map(PathBuf::from),
    );
    all
}

/// Where libraries are looked for, in order; LLVM's come last.
pub(super) fn library_directories() -> Vec<PathBuf> {
    let mut all = under_usr(&["lib"], "");
    all.push(PathBuf::from("/usr/lib64"));
    all.extend(llvm("lib"));
    all
}

/// Where headers are looked for, in order; LLVM's come last.
pub(super) fn include_directories() -> Vec<PathBuf> {
    let mut all = under_usr(&["include"], "");
    all.extend(llvm("include"));
    all
}

/// `below` in the directories of LLVM, which distributions keep apart by
/// version, the newest first.
fn llvm(below: &str) -> impl Iterator<Item = PathBuf> {
    let mut all: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix("llvm-")?.parse().ok()?;
            Some((version, entry.path().join(below)))
        })
        .collect();
    all.sort();
    all.into_iter().rev().map(|(_, path)| path)
}

/// What the package managers write with every change they make, and
/// update-alternatives with every of its own.
pub(super) fn package_databases() -> Vec<PathBuf> {
    [
        "/var/lib/dpkg/status",
        "/etc/alternatives",
        "/var/lib/rpm/rpmdb.sqlite",
        "/usr/lib/sysimage/rpm/rpmdb.sqlite",
        "/lib/apk/db/installed",
        "/var/lib/pacman/local",
    ]
    .map(PathBuf::from)
    .to_vec()
}

/// Whether the file, or what it is a link to, lies where package managers alone
/// write: they rename into place. `/usr/local` is for what is put there by hand.
pub(super) fn is_of_packages(file: &Path) -> bool {
    let real = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    real.starts_with("/usr") && !real.starts_with("/usr/local")
}

/// The versions of installed packages by name, upstream's part only (without
/// epoch and the distribution's revision); empty where there is no dpkg.
pub(super) fn package_versions() -> BTreeMap<String, String> {
    let status = std::fs::read("/var/lib/dpkg/status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let mut versions = BTreeMap::new();
    for paragraph in status.split("\n\n") {
        let field = |name: &str| paragraph.lines().find_map(|line| line.strip_prefix(name));
        if !field("Status: ").is_some_and(|status| status.ends_with(" installed")) {
            continue;
        }
        if let (Some(package), Some(version)) = (field("Package: "), field("Version: ")) {
            let version = version.split_once(':').map_or(version, |(_, rest)| rest);
            let version = version.rsplit_once('-').map_or(version, |(upstream, _)| upstream);
            versions.insert(package.to_string(), version.to_string());
        }
    }
    versions
}

/// How a package is installed.
pub(super) const INSTALL: &str = "apt-get install";

/// What the distribution calls a package.
pub(super) fn package_name(entry: &super::packages::Entry) -> Option<&str> {
    entry.debian.as_deref()
}

/// The directories with which the machine's own programs start in a build that
/// asks for them. A link (`/lib` on a merged `/usr`) is a link there too.
///
/// `/bin` is not among them: Nix puts a `/bin/sh` of its own there.
pub(super) fn sandbox_paths() -> Vec<String> {
    ["/usr", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives"]
        .into_iter()
        .filter(|directory| Path::new(directory).exists())
        .map(str::to_owned)
        .collect()
}

/// Whether a process is over, and only its parent has not asked how it ended:
/// that of an orphan in a container may never ask.
pub(crate) fn is_zombie(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
    // `PID (NAME) STATE …`; the name may hold anything.
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// How a shared library's file is called, for the linker.
pub(super) fn library_names(name: &str) -> [String; 2] {
    [format!("lib{name}.so"), format!("lib{name}.a")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_over_and_not_asked_for_is_a_zombie() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        let pid = Pid::from_child(&child);
        assert!(!is_zombie(pid));
        drop(child.stdin.take());
        while !is_zombie(pid) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.wait().expect("it has ended");
        assert!(!is_zombie(pid));
    }
}
