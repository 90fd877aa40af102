//! What cargo asks rustc about itself (`-vV`, `--print …`) before a build in a
//! target directory that it does not know: three starts of rustc, a tenth of a
//! second. A compiler of the store does not change, so it is asked once.
//!
//! Never: an answer that depends on this machine (`target-cpu=native`) or on
//! files, or one with a word on standard error.

use super::context::Context;
use super::index::Index;
use crate::sealed;
use crate::vars::Vars;
use rustix::fs::{fstat, major, minor};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const KIND: &str = "probe";
/// What may be in an argument whose answer is not rustc's alone, or is a file.
const ELSEWHERE: [&[u8]; 9] = [
    b"native",
    b".json",
    b"@",
    b"/",
    b"-Z",
    b"-o",
    b"--emit",
    b"--out-dir",
    b"--sysroot",
];
/// Variables of rustc that change what it says of itself.
const VARIABLES: [&str; 3] = ["LD_LIBRARY_PATH", "RUSTC_BOOTSTRAP", "RUSTC_FORCE_RUSTC_VERSION"];
/// Those that name files, or flags of which nothing is known.
const OPEN: [&str; 2] = ["NIX_RUSTFLAGS", "RUST_TARGET_PATH"];

/// Prints the answer; gives the environment whose compiler it is of, or `None` if
/// rustc itself has to be asked.
pub fn answer(vars: &Vars, rustc: &OsStr, arguments: &[OsString]) -> Option<Context> {
    let context = Context::read(vars.units_context.as_deref()?).ok()?;
    let ours = context.rustc();
    let is_ours = context.is_rustc(rustc, vars.path.as_deref());
    let is_open = OPEN
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if !is_ours
        || is_open
        || !is_question(arguments)
        || !arguments.iter().all(|argument| is_of_rustc_alone(argument))
        || !is_nothing_to_read()
    {
        return None;
    }
    let index = Index::below(&vars.cache_dir().ok()?);
    let file = file(&index, &ours, arguments, |name| std::env::var_os(name));
    let said = match sealed::read(&file, KIND) {
        Some(said) => said,
        None => {
            let output = Command::new(rustc).args(arguments).output().ok()?;
            if !output.status.success() || !output.stderr.is_empty() {
                return None;
            }
            // Without it, rustc is asked again.
            let _ = sealed::write(&file, KIND, &output.stdout);
            output.stdout
        }
    };
    std::io::stdout().write_all(&said).ok()?;
    Some(context)
}

/// Whether it is cargo's first question, long before its first unit; scripts, and
/// what they start, ask it too.
pub fn is_first(arguments: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> bool {
    arguments == ["-vV"] && variable("CARGO_MANIFEST_DIR").is_none()
}

/// Whether an answer is all that comes of it.
fn is_question(arguments: &[OsString]) -> bool {
    let asks = ["-V", "-vV", "--version"];
    arguments
        .iter()
        .any(|argument| asks.iter().any(|ask| argument == ask) || argument.as_bytes().starts_with(b"--print"))
}

fn is_of_rustc_alone(argument: &OsStr) -> bool {
    let bytes = argument.as_bytes();
    !ELSEWHERE
        .iter()
        .any(|part| bytes.windows(part.len()).any(|window| window == *part))
}

/// Whether standard input is `/dev/null` (by Linux's number of it), as cargo has it:
/// the source of the crate that it asks about.
fn is_nothing_to_read() -> bool {
    fstat(std::io::stdin()).is_ok_and(|stat| (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3))
}

fn file(
    index: &Index,
    rustc: &Path,
    arguments: &[OsString],
    variable: impl Fn(&str) -> Option<OsString>,
) -> PathBuf {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: Option<&OsStr>| {
        let bytes = part.map_or(&b""[..], OsStr::as_bytes);
        hasher
            .update(&[u8::from(part.is_some())])
            .update(&(bytes.len() as u64).to_le_bytes())
            .update(bytes);
    };
    add(Some(rustc.as_os_str()));
    for name in VARIABLES {
        add(variable(name).as_deref());
    }
    for argument in arguments {
        add(Some(argument));
    }
    index.dir().join("probes").join(&hasher.finalize().to_hex()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_question_counts() {
        let index = Index::below(Path::new("/c"));
        let asked = |rustc: &str, words: &[&str], bootstrap: Option<&str>| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            file(&index, Path::new(rustc), &words, |name| {
                bootstrap
                    .filter(|_| name == "RUSTC_BOOTSTRAP")
                    .map(OsString::from)
            })
        };
        let all = [
            asked("/s/a/bin/rustc", &["-vV"], None),
            asked("/s/b/bin/rustc", &["-vV"], None),
            asked("/s/a/bin/rustc", &["-vV"], Some("1")),
            asked("/s/a/bin/rustc", &["-v", "V"], None),
            asked("/s/a/bin/rustc", &["-vV", ""], None),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
    }

    #[test]
    fn what_depends_on_more_than_rustc_is_asked_anew() {
        for word in [
            "-Ctarget-cpu=native",
            "@file",
            "my-target.json",
            "--sysroot=x",
            "--emit=metadata",
            "-o",
            "-Zx",
        ] {
            assert!(!is_of_rustc_alone(OsStr::new(word)), "{word}");
        }
        assert!(is_of_rustc_alone(OsStr::new("--print=file-names")));
    }
}
