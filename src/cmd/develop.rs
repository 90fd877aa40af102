//! `cargo-nix develop`: a shell inside the environment, with the shellHook.
//!
//! An interactive bash runs the hook itself, after ~/.bashrc: functions and
//! aliases that it makes are there. Other shells cannot read bash, and commands
//! are not shells: the hook runs in a bash before them, and the variables that
//! it exported, changed or unset are passed on; nothing else of it is.

use super::start::{self, Variables};
use crate::cli::DevelopArgs;
use crate::env::Env;
use crate::env::merge::{Changes, Value, merge};
use crate::env::render::{self, Format, sh_quote};
use crate::error::{Error, Result};
use crate::hook::outside;
use crate::vars::{DEVELOP, Vars};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Command, ExitCode};
use tempfile::TempPath;

pub(super) fn run(args: &DevelopArgs) -> Result<ExitCode> {
    let vars = outside::read();
    let start::Chosen { env, directory } = start::environment(&args.obtain, &vars)?;
    let changes = merge(&env, |name| std::env::var_os(name));
    start::warn(&changes.left_out);
    if let Some(outer) = &vars.develop
        && !args.command
    {
        crate::say!(
            "note: this is a shell inside `cargo-nix develop` of {}; `exit` leads back to it",
            outer.display()
        );
    }
    let mut variables = start::variables(&changes);
    variables.insert(DEVELOP.into(), directory.into_os_string());

    let mut argv = args.argv.clone();
    if argv.is_empty() {
        argv.push(shell(&vars, &variables));
    }
    // Removed when dropped, which is when no shell was started that would do it.
    let mut written = None;
    if !args.command && reads_rcfile(&argv) {
        let file = written.insert(rcfile(&env, &changes)?);
        // Long options come first in bash.
        argv.splice(1..1, ["--rcfile".into(), file.as_os_str().to_owned()]);
    } else if !env.shell_hook.trim().is_empty() {
        variables = after_hook(&env.shell_hook, variables)?;
    }
    Err(start::replace(&argv, &variables))
}

/// Whether this is a bash that will read the file it is told to: an interactive
/// one, to which the user gave no options of his own.
fn reads_rcfile(argv: &[OsString]) -> bool {
    let bash = Path::new(&argv[0]).file_name() == Some(OsStr::new("bash"));
    match &argv[1..] {
        [] => bash && std::io::stdin().is_terminal(),
        [option] => bash && option == "-i",
        _ => false,
    }
}

/// `$SHELL`, else bash, else sh.
fn shell(vars: &Vars, variables: &Variables) -> OsString {
    let found = |program: &&str| start::find(OsStr::new(program), variables).is_some();
    vars.shell
        .clone()
        .unwrap_or_else(|| ["bash"].iter().find(|p| found(p)).unwrap_or(&"sh").into())
}

/// Writes the file that bash reads first; it removes itself.
fn rcfile(env: &Env, changes: &Changes) -> Result<TempPath> {
    let file = tempfile::Builder::new().prefix("cargo-nix-develop-").tempfile();
    let file = file.map_err(Error::io("making a file in", std::env::temp_dir()))?;
    let mut text = Vec::new();
    let parts = [
        (&b"__cargo_nix_rcfile="[..], file.path().as_os_str().as_bytes()),
        (b"__cargo_nix_environment=", &again(changes)),
        (b"__cargo_nix_hook=", env.shell_hook.as_bytes()),
    ];
    for (name, value) in parts {
        text.extend_from_slice(name);
        sh_quote(value, &mut text);
        text.push(b'\n');
    }
    text.extend_from_slice(include_bytes!("../../shell-hooks/develop.bash"));
    std::fs::write(file.path(), text).map_err(Error::io("writing", file.path()))?;
    Ok(file.into_temp_path())
}

/// What sets the variables again after ~/.bashrc. Lists are not set to what
/// they were, as the user's own additions count: ours go before them.
fn again(changes: &Changes) -> Vec<u8> {
    let (lists, texts): (Vec<_>, Vec<_>) = changes
        .list
        .iter()
        .cloned()
        .partition(|change| matches!(change.value, Some(Value::List { .. })));
    let mut out = render::render(
        Format::Bash,
        &Changes {
            list: texts,
            left_out: Vec::new(),
        },
    )
    .text;
    for change in &lists {
        let Some(Value::List { new, .. }) = &change.value else {
            continue;
        };
        let name = &change.name;
        let mut ours = Vec::new();
        sh_quote(&new.join(OsStr::new(":")).into_vec(), &mut ours);
        let (case, set, plus) = (
            format!("case ${{{name}-}} in "),
            format!(" export {name}="),
            format!("${{{name}:+\":${name}\"}} ;; esac\n"),
        );
        let parts = [
            case.as_bytes(),
            &ours,
            b"|",
            &ours,
            b":*) ;; *)",
            set.as_bytes(),
            &ours,
            plus.as_bytes(),
        ];
        out.extend(parts.concat());
    }
    out
}

/// Runs the hook in bash and takes over what it did to the variables.
fn after_hook(hook: &str, before: Variables) -> Result<Variables> {
    let dir = tempfile::Builder::new().prefix("cargo-nix-hook-").tempdir();
    let dir = dir.map_err(Error::io("making a directory in", std::env::temp_dir()))?;
    let (file, dump) = (dir.path().join("hook.bash"), dir.path().join("environ"));
    std::fs::write(&file, hook).map_err(Error::io("writing", &file))?;
    let ourselves = std::env::current_exe().map_err(Error::io("finding", "cargo-nix"))?;

    let mut bash = Command::new("bash");
    bash.args(["-c", include_str!("../../shell-hooks/run-hook.bash"), "bash"]);
    bash.args([&file, &ourselves, &dump]).env_clear().envs(&before);
    let status = bash.status().map_err(|error| Error::Machine {
        message: format!(
            "the project has a shellHook, and bash to run it does not start: {error}\n  install bash; \
             `cargo-nix exec` needs none, as it runs no shellHook"
        ),
    })?;
    let text = std::fs::read(&dump).map_err(|_| Error::Project {
        message: format!(
            "the shellHook ended bash ({status}) before it was through\n  an `exit`, a syntax error, or an error \
             under `set -e`: look into shellHook of crate-env.nix"
        ),
    })?;
    Ok(taken_over(before, &text))
}

/// `before` with what differs in `environ`'s text, but for what bash itself
/// changes by starting.
fn taken_over(before: Variables, text: &[u8]) -> Variables {
    let bash_own = |name: &OsStr| ["_", "SHLVL", "PWD", "OLDPWD"].iter().any(|own| name == *own);
    let mut after: Variables = text
        .split(|byte| *byte == 0)
        .filter_map(|line| {
            let equals = line.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (&line[..equals], &line[equals + 1..]);
            Some((
                OsStr::from_bytes(name).to_owned(),
                OsStr::from_bytes(value).to_owned(),
            ))
        })
        .filter(|(name, _)| !bash_own(name))
        .collect();
    after.extend(before.into_iter().filter(|(name, _)| bash_own(name)));
    after
}
