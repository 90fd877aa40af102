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
    let command = cargo_nix::cli::Cli::command();
    man_pages(&without_hidden(&command), &dir.join("share/man/man1"))?;
    completions(&offered(&command), &dir)
}

/// The command line as users see it, for pages about verbs that are not hidden, as
/// `help` as a verb repeats all others.
fn without_hidden(command: &Command) -> Command {
    bare(command).bin_name(NAME).subcommands(verbs(command).cloned())
}

/// The command as completions are to know it: of its verbs and options, at every
/// depth, those that are not hidden. The makers of completions show all.
fn offered(command: &Command) -> Command {
    let options = command.get_arguments().filter(|option| !option.is_hide_set());
    bare(command)
        .subcommands(verbs(command).map(offered))
        .args(options.cloned())
}

fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

/// What a command is called and says of itself, without verbs and options.
fn bare(command: &Command) -> Command {
    let name: &'static str = command.get_name().to_owned().leak();
    let mut bare = Command::new(name).disable_help_subcommand(true);
    if let Some(about) = command.get_about() {
        bare = bare.about(about.clone());
    }
    match command.get_version() {
        Some(_) => bare.version(env!("CARGO_PKG_VERSION")),
        None => bare,
    }
}

/// One page for the program and one for each verb that is not hidden, named as
/// git and cargo name theirs: `cargo-nix-env.1`.
fn man_pages(command: &Command, dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(command.clone(), dir)
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
