//! Who has direnv load an .envrc: a prompt, which nobody wants to wait at, or
//! something that cannot come back later. direnv does not tell its .envrc; its
//! own arguments, those of the parent of the .envrc's bash, do.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;

/// For whom an environment is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A shell, which loads it again at the next prompt.
    Prompt,
    /// An editor (`direnv export json`, `vim`): it watches what direnv
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
    direnv
        .and_then(arguments)
        .map_or(Caller::Prompt, |arguments| by(&arguments))
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
    let output = Command::new("ps")
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
    }
}
