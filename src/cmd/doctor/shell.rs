//! direnv, its hook in the shells' files, our extension of it; the nix command.

use super::Check;
use crate::cmd::direnv;
use crate::cmd::start::programs;
use crate::hook::Shell;
use crate::host::answer;
use crate::vars::Vars;
use std::path::{Path, PathBuf};
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

/// What a program on PATH says.
fn asked(name: &str, argument: &str) -> Option<String> {
    let program = programs(Path::new(name), &std::env::var_os("PATH")?).next()?;
    answer(Command::new(program).arg(argument))
}

/// What loads an environment by itself; none of it is needed for `env` and `exec`.
pub(super) fn checks(vars: &Vars) -> Vec<Check> {
    let mut checks = vec![match asked("nix", "--version") {
        Some(version) => Check::ok("nix", version.trim()),
        None => Check::absent(
            "nix",
            "no nix command on PATH",
            "not needed: cargo-nix has libnix; flakes are locked with it",
        ),
    }];
    let home = vars.home.clone().unwrap_or_default();
    match asked("direnv", "version") {
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
    let copy = copy_for_nu(vars, &home);
    let mut hooked: Vec<&str> = SHELL_FILES
        .iter()
        .filter(|(_, file)| contains(&home.join(file), &["direnv hook", "direnv export", "cargo-nix"]))
        .map(|(shell, _)| *shell)
        .collect();
    if copy.is_some() && !hooked.contains(&"nu") {
        hooked.push("nu");
    }
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
    checks.extend(copy.map(|file| current(&file)));
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

/// The hook that nushell loads, where docs/shells.md has it written.
fn copy_for_nu(vars: &Vars, home: &Path) -> Option<PathBuf> {
    let given = vars.xdg_config_home.clone();
    let places = [home.join(".config"), home.join("Library/Application Support")];
    let mut files = given
        .into_iter()
        .chain(places)
        .map(|place| place.join("nushell/autoload/cargo-nix.nu"));
    files.find(|file| file.exists())
}

/// Whether that is what this version would write, and names a program that is there.
fn current(file: &Path) -> Check {
    let way_out = format!(
        "in nushell: `cargo-nix hook nu | save --force '{}'`, and a new shell",
        file.display()
    );
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    // A text of nushell between double quotes is one of JSON, but for what no path has.
    let program = Shell::Nu
        .word_in(&text)
        .map(|word| serde_json::from_str::<PathBuf>(word).unwrap_or_default());
    match program {
        Some(program) if program.is_file() => Check::ok("nu-hook", file.display().to_string()),
        Some(program) => Check::absent(
            "nu-hook",
            format!("{} starts {}, which is gone", file.display(), program.display()),
            way_out,
        ),
        None => Check::absent(
            "nu-hook",
            format!("{} is of another version of cargo-nix", file.display()),
            way_out,
        ),
    }
}

fn contains(file: &Path, words: &[&str]) -> bool {
    std::fs::read(file).is_ok_and(|text| {
        let text = String::from_utf8_lossy(&text);
        words.iter().any(|word| text.contains(word))
    })
}
