//! Who has direnv load an .envrc: a prompt, which nobody wants to wait at, or
//! something that cannot come back later. direnv does not tell its .envrc; its
//! own arguments, those of the parent of the .envrc's bash, do.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;

/// Where macOS has it; not looked up on PATH, which may lead into the project.
const PS: &str = "/bin/ps";

/// For whom an environment is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A shell, which loads it again at the next prompt.
    Prompt,
    /// An editor (`direnv export json` not asked by nushell, `vim`): it watches what direnv
    /// watches, but an empty environment at its start does harm.
    Editor,
    /// A command that somebody typed (`direnv exec`), or a job of CI: it gets
    /// one environment, once.
    Once,
}

/// Who asked the direnv of this process id; a prompt, if that cannot be told.
pub(super) fn of(direnv: Option<i32>, ci: bool) -> Caller {
    if ci {
        return Caller::Once;
    }
    let Some((pid, arguments)) = direnv.and_then(|pid| Some((pid, arguments(pid)?))) else {
        return Caller::Prompt;
    };
    match by(&arguments) {
        // nushell's prompt asks with `export json`, as editors do.
        Caller::Editor if started_by_nushell(pid) => Caller::Prompt,
        caller => caller,
    }
}

fn started_by_nushell(pid: i32) -> bool {
    let parent = rustix::process::Pid::from_raw(pid).and_then(parent);
    parent.and_then(arguments).is_some_and(|words| is_nushell(&words))
}

/// A login shell's name begins with a dash.
fn is_nushell(arguments: &[OsString]) -> bool {
    let name = arguments
        .first()
        .and_then(|program| Path::new(program).file_name());
    let name = name.and_then(|name| name.to_str());
    matches!(name, Some("nu" | "-nu" | ".nu-wrapped"))
}

/// The process that started this one.
fn parent(pid: rustix::process::Pid) -> Option<i32> {
    let pid = pid.as_raw_nonzero();
    if let Ok(line) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The second word is a name, in parentheses, and may hold anything.
        let (_, words) = line.rsplit_once(')')?;
        return words.split_whitespace().nth(1)?.parse().ok();
    }
    let mut ps = Command::new(PS);
    let output = ps.args(["-o", "ppid=", "-p", &pid.to_string()]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

fn by(arguments: &[OsString]) -> Caller {
    let word = |at: usize| arguments.get(at).and_then(|word| word.to_str());
    let Some("direnv" | ".direnv-wrapped") = arguments.first().and_then(|program| {
        let name = Path::new(program).file_name()?;
        name.to_str()
    }) else {
        return Caller::Prompt;
    };
    match (word(1), word(2)) {
        (Some("export"), Some("json" | "vim" | "gzenv")) => Caller::Editor,
        (Some("export"), Some("gha" | "systemd")) | (Some("exec"), _) => Caller::Once,
        _ => Caller::Prompt,
    }
}

/// The arguments of a process, from /proc; elsewhere `ps` has them, without
/// telling blanks within one from those between two.
fn arguments(pid: i32) -> Option<Vec<OsString>> {
    let words = |bytes: &[u8], separator: u8| {
        bytes
            .split(|byte| *byte == separator)
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect()
    };
    if let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        return Some(words(&line, 0));
    }
    let output = Command::new(PS)
        .args(["-o", "command=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    Some(words(
        OsString::from_vec(output.stdout).as_bytes().trim_ascii(),
        b' ',
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_told_from_those_who_ask_once() {
        let of = |line: &str| by(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("/usr/bin/direnv export bash"), Caller::Prompt);
        assert_eq!(of("direnv export zsh"), Caller::Prompt);
        assert_eq!(of("direnv reload"), Caller::Prompt);
        assert_eq!(of("direnv export json"), Caller::Editor);
        assert_eq!(of("/opt/direnv/bin/direnv export vim"), Caller::Editor);
        assert_eq!(of("direnv exec . cargo build"), Caller::Once);
        assert_eq!(of("direnv export gha"), Caller::Once);
        assert_eq!(of("bash -c exec"), Caller::Prompt);
        assert_eq!(by(&[]), Caller::Prompt);
        for (line, is) in [
            ("/usr/bin/nu -l", true),
            ("-nu", true),
            ("emacs --nu", false),
            ("nushed", false),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(is_nushell(&words), is, "{line}");
        }
    }
}
