//! direnv, its hook in the shells' files, our extension of it; the nix command.

use super::Check;
use crate::cmd::direnv;
use crate::host::answer;
use crate::vars::Vars;
use std::path::Path;
use std::process::Command;

/// Where shells read what hooks them, below HOME.
const SHELL_FILES: &[(&str, &str)] = &[
    ("bash", ".bashrc"),
    ("bash", ".bash_profile"),
    ("zsh", ".zshrc"),
    ("fish", ".config/fish/config.fish"),
    ("nu", ".config/nushell/config.nu"),
    ("elvish", ".config/elvish/rc.elv"),
];

/// What loads an environment by itself; none of it is needed for `env` and `exec`.
pub(super) fn checks(vars: &Vars) -> Vec<Check> {
    let mut checks = vec![match answer(Command::new("nix").arg("--version")) {
        Some(version) => Check::ok("nix", version.trim()),
        None => Check::absent(
            "nix",
            "no nix command on PATH",
            "not needed: cargo-nix has libnix; flakes are locked with it",
        ),
    }];
    let home = vars.home.clone().unwrap_or_default();
    match answer(Command::new("direnv").arg("version")) {
        Some(version) => {
            checks.push(Check::ok("direnv", version.trim()));
            checks.push(extension(vars, &home));
        }
        None => checks.push(Check::absent(
            "direnv",
            "not on PATH",
            "not needed: `cargo-nix hook` loads environments on `cd` as well, and `cargo nix develop` needs neither",
        )),
    }
    let hooked: Vec<&str> = SHELL_FILES
        .iter()
        .filter(|(_, file)| contains(&home.join(file), &["direnv hook", "direnv export", "cargo-nix"]))
        .map(|(shell, _)| *shell)
        .collect();
    checks.push(if hooked.is_empty() {
        Check::absent(
            "shell-hook",
            "no shell's file has a hook, of ours or of direnv",
            "bash: add `eval \"$(cargo-nix hook bash)\"` (without direnv) or `eval \"$(direnv hook bash)\"` to ~/.bashrc; \
             `cargo-nix hook --help` and `direnv hook --help` have the others",
        )
    } else {
        Check::ok("shell-hook", hooked.join(", "))
    });
    checks
}

/// `use cargo-nix` needs a function of this name in direnv's lib directory.
fn extension(vars: &Vars, home: &Path) -> Check {
    let config = vars.direnv_dir().unwrap_or_else(|_| home.join(".config/direnv"));
    match direnv::defined(&config) {
        Some((file, false)) => Check::ok("direnv-lib", file.display().to_string()),
        Some((file, true)) => Check::absent(
            "direnv-lib",
            format!("{} is of another version of cargo-nix", file.display()),
            "`cargo-nix direnv install` replaces it",
        ),
        None => Check::absent(
            "direnv-lib",
            format!("nothing in {} defines `use cargo-nix`", config.display()),
            "`cargo-nix direnv install` writes it into direnv's lib directory; or have `eval \"$(cargo-nix direnv \
             stdlib)\"` in the .envrc",
        ),
    }
}

fn contains(file: &Path, words: &[&str]) -> bool {
    std::fs::read(file).is_ok_and(|text| {
        let text = String::from_utf8_lossy(&text);
        words.iter().any(|word| text.contains(word))
    })
}
