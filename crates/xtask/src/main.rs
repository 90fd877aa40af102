//! Makes what is derived from the command line (`cargo_nix::cli`) and not
//! written by hand: man pages and completions. `scripts/install.sh` and the
//! Nix package run it; it is never installed.

use clap::{Command, CommandFactory, Parser};
use clap_complete::{Generator, Shell};
use clap_complete_nushell::Nushell;
use std::io;
use std::path::{Path, PathBuf};

/// The program's name.
const NAME: &str = "cargo-nix";

/// Makes files derived from cargo-nix's command line.
#[derive(Parser)]
enum Task {
    /// Write man pages and completions below DIR, laid out as below a PREFIX
    Assets {
        /// Made if it is not there
        dir: PathBuf,
    },
}

fn main() -> io::Result<()> {
    let Task::Assets { dir } = Task::parse();
    let command = without_hidden(&cargo_nix::cli::Cli::command());
    man_pages(&command, &dir.join("share/man/man1"))?;
    completions(&offered(&command), &dir)
}

/// The command line as users see it: completions would offer hidden verbs too,
/// and `help` as a verb repeats all others.
fn without_hidden(command: &Command) -> Command {
    let mut shown = Command::new(NAME)
        .bin_name(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .subcommands(
            command
                .get_subcommands()
                .filter(|verb| !verb.is_hide_set())
                .cloned(),
        );
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    shown
}

/// One page for the program and one for each verb that is not hidden, named as
/// git and cargo name theirs: `cargo-nix-env.1`.
fn man_pages(command: &Command, dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(command.clone(), dir)
}

/// The command as completions are to know it: of its verbs and options, at every
/// depth, those that are not hidden. The makers of completions show all.
fn offered(command: &Command) -> Command {
    let name: &'static str = command.get_name().to_owned().leak();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let options = command.get_arguments().filter(|option| !option.is_hide_set());
    let mut shown = Command::new(name)
        .disable_help_subcommand(true)
        .subcommands(verbs.map(offered))
        .args(options.cloned());
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    match command.get_version() {
        Some(_) => shown.version(env!("CARGO_PKG_VERSION")),
        None => shown,
    }
}

/// Appends the completions of one shell.
type Writer<'a> = &'a dyn Fn(&mut Vec<u8>);

/// Each in the place where its shell looks for it.
fn completions(command: &Command, dir: &Path) -> io::Result<()> {
    let places: [(Writer, String); 5] = [
        (
            &|out| generate(Shell::Bash, command, out),
            format!("share/bash-completion/completions/{NAME}"),
        ),
        (
            &|out| generate(Shell::Zsh, command, out),
            format!("share/zsh/site-functions/_{NAME}"),
        ),
        (
            &|out| generate(Shell::Fish, command, out),
            format!("share/fish/vendor_completions.d/{NAME}.fish"),
        ),
        (
            &|out| generate(Shell::Elvish, command, out),
            format!("share/elvish/lib/{NAME}.elv"),
        ),
        (
            &|out| generate(Nushell, command, out),
            format!("share/nushell/vendor/autoload/{NAME}.nu"),
        ),
    ];
    for (write, place) in places {
        let path = dir.join(place);
        std::fs::create_dir_all(path.parent().expect("a file below `dir`"))?;
        let mut text = Vec::new();
        write(&mut text);
        std::fs::write(path, text)?;
    }
    Ok(())
}

fn generate(shell: impl Generator, command: &Command, out: &mut Vec<u8>) {
    clap_complete::generate(shell, &mut command.clone(), NAME, out);
}
