//! `make install`: what it puts where, that it works from there, and that
//! `make uninstall` leaves nothing behind.
//!
//! The programs are those of this build instead of a release build.

mod common;

use clap::CommandFactory;
use common::units::cargo_home;
use common::{World, both, repository, run, success, test_path};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `scripts/install.sh VERB` below `<world>/dest`, for the prefix /opt/cn.
fn install_sh(world: &World, verb: &str) -> Command {
    let built = Path::new(env!("CARGO_BIN_EXE_cargo-nix"))
        .parent()
        .expect("target/debug");
    assert!(
        built.join("xtask").exists(),
        "xtask is not built; run `cargo build --workspace` (or `make test`)"
    );
    let mut command = world.command("bash");
    command.arg(repository().join("scripts/install.sh")).arg(verb);
    command
        .arg(world.path().join("dest"))
        .arg("/opt/cn")
        .env("BUILT", built);
    command
}

/// Everything installed, relative to the prefix.
fn installed(world: &World) -> BTreeSet<String> {
    let prefix = world.path().join("dest/opt/cn");
    let mut found = BTreeSet::new();
    let mut left = vec![prefix.clone()];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(&dir).expect("an installed directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else {
                let relative = path.strip_prefix(&prefix).expect("below the prefix");
                found.insert(relative.to_str().expect("UTF-8").to_owned());
            }
        }
    }
    found
}

fn in_prefix(world: &World, place: &str) -> PathBuf {
    world.path().join("dest/opt/cn").join(place)
}

#[test]
fn every_file_is_in_the_place_where_it_is_looked_for() {
    let world = World::new();
    success(&mut install_sh(&world, "install"));
    let found = installed(&world);
    for place in [
        "bin/cargo-nix",
        "libexec/cargo-nix/cargo-nix-eval",
        "share/bash-completion/completions/cargo-nix",
        "share/zsh/site-functions/_cargo-nix",
        "share/fish/vendor_completions.d/cargo-nix.fish",
        "share/elvish/lib/cargo-nix.elv",
        "share/nushell/vendor/autoload/cargo-nix.nu",
        "share/man/man1/cargo-nix.1",
        "share/doc/cargo-nix/README.md",
    ] {
        assert!(found.contains(place), "{place} is missing in {found:#?}");
    }
    for hook in std::fs::read_dir(repository().join("shell-hooks"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = hook.file_name().into_string().expect("UTF-8");
        let place = format!("share/cargo-nix/shell-hooks/{name}");
        // What `cargo-nix hook` prints is whole only when it is printed.
        let wanted = !name.starts_with("hook.");
        assert_eq!(found.contains(&place), wanted, "{place}: {found:#?}");
    }
    for verb in cargo_nix::cli::Cli::command()
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
    {
        let page = format!("share/man/man1/cargo-nix-{}.1", verb.get_name());
        assert!(found.contains(&page), "{page} is missing in {found:#?}");
    }
    let list = std::fs::read_to_string(in_prefix(&world, "share/cargo-nix/installed")).expect("the list");
    assert_eq!(list.lines().map(str::to_owned).collect::<BTreeSet<_>>(), found);
    let version = success(world.command(in_prefix(&world, "bin/cargo-nix")).arg("--version"));
    assert_eq!(version, format!("cargo-nix {}\n", env!("CARGO_PKG_VERSION")));
}

/// For an environment, and for what cargo builds in it.
#[test]
fn the_installed_program_finds_its_evaluator() {
    let world = World::new();
    success(&mut install_sh(&world, "install"));
    let project = world.project("examples/pure", "project");
    let installed = |arguments: &[&str]| {
        let mut command = world.command(in_prefix(&world, "bin/cargo-nix"));
        command
            .env_remove("CARGO_NIX_EVAL")
            .env("CARGO_HOME", cargo_home())
            .args(arguments)
            .current_dir(&project);
        command
    };
    let printed = success(&mut installed(&["env", "--print"]));
    assert!(printed.contains("export PATH="), "{printed}");
    success(&mut installed(&[
        "exec", "--quiet", "--", "cargo", "build", "--locked",
    ]));
    let told: serde_json::Value =
        serde_json::from_str(&success(&mut installed(&["stats", "--json"]))).unwrap();
    let sums = &told["builds"][0]["sums"];
    let all = |what: &str| sums[what].as_u64().unwrap_or_else(|| panic!("{told:#}"));
    assert_eq!(all("local"), all("members"), "{told:#}");
    assert!(all("hits") + all("built") + all("found") > 0, "{told:#}");
}

#[test]
fn uninstall_removes_what_was_installed_and_nothing_else() {
    let world = World::new();
    success(&mut install_sh(&world, "install"));
    world.write("dest/opt/cn/bin/someone-elses", "");
    success(&mut install_sh(&world, "uninstall"));
    assert_eq!(
        installed(&world),
        BTreeSet::from(["bin/someone-elses".to_owned()])
    );
    assert!(!in_prefix(&world, "share").exists(), "empty directories go");

    let again = run(&mut install_sh(&world, "uninstall"));
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing of cargo-nix is installed below"));
}

#[test]
fn a_second_install_replaces_the_first() {
    let world = World::new();
    success(&mut install_sh(&world, "install"));
    let first = installed(&world);
    success(&mut install_sh(&world, "install"));
    assert_eq!(installed(&world), first);
}

#[test]
fn man_pages_have_no_fault_that_groff_sees() {
    let world = World::new();
    success(&mut install_sh(&world, "install"));
    for page in installed(&world)
        .iter()
        .filter(|place| place.starts_with("share/man/"))
    {
        let output = run(world
            .command("groff")
            .args(["-man", "-ww", "-Tutf8"])
            .arg(in_prefix(&world, page)));
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{page}: {}",
            both(&output)
        );
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("cargo-nix"),
            "{page} says nothing"
        );
    }
}

#[test]
fn each_shell_completes_the_verbs() {
    let world = World::new();
    success(&mut install_sh(&world, "install"));
    // A completion evaluates nothing of the project at hand: it does not even start
    // cargo-nix.
    let started = world.path().join("started");
    world.script(
        "bin/cargo-nix",
        &format!("#!/bin/sh\necho \"$0 $*\" >>{}\n", started.display()),
    );
    world.write("crate-env.nix", "throw \"evaluated\"");
    let path = format!("{}:{}", world.path().join("bin").display(), test_path().display());
    let shell = |name: &str| {
        let mut command = world.command(name);
        command.env("PATH", &path);
        command
    };
    let file = |place: &str| in_prefix(&world, place).to_str().expect("UTF-8").to_owned();

    let bash = format!(
        "source {}; COMP_WORDS=(cargo-nix en); COMP_CWORD=1; \
         name=$(complete -p cargo-nix | grep -oE '_cargo[^ ]*'); $name cargo-nix en cargo-nix; \
         echo ${{COMPREPLY[*]}}",
        file("share/bash-completion/completions/cargo-nix")
    );
    assert_eq!(success(shell("bash").args(["--norc", "-c", &bash])), "env\n");

    let fish = format!(
        "source {}; complete -C 'cargo-nix en'",
        file("share/fish/vendor_completions.d/cargo-nix.fish")
    );
    assert!(success(shell("fish").args(["--no-config", "-c", &fish])).starts_with("env"));
    let formats = fish.replace("'cargo-nix en'", "'cargo-nix env --format '");
    let formats = success(shell("fish").args(["--no-config", "-c", &formats]));
    let formats: Vec<&str> = formats
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    let all = <cargo_nix::env::Format as clap::ValueEnum>::value_variants();
    assert_eq!(formats.len(), all.len(), "fish offers {formats:?}");

    let zsh = format!(
        "fpath=({} $fpath); autoload -Uz compinit; compinit -D -u; print $_comps[cargo-nix]",
        file("share/zsh/site-functions")
    );
    assert_eq!(success(shell("zsh").args(["-f", "-c", &zsh])), "_cargo-nix\n");

    let elvish = file("share/elvish/lib/cargo-nix.elv");
    let asks = repository().join("tests/fixtures/install/complete.elv");
    let verbs = success(shell("elvish").arg("-norc").arg(asks).arg(&elvish));
    assert!(verbs.lines().any(|verb| verb == "env"), "elvish offers {verbs}");

    let nu = format!(
        "source {}; help 'cargo-nix env' | ignore",
        file("share/nushell/vendor/autoload/cargo-nix.nu")
    );
    success(shell("nu").args(["--no-config-file", "-c", &nu]));
    assert_eq!(std::fs::read_to_string(&started).unwrap_or_default(), "");
    for place in [
        "zsh/site-functions/_cargo-nix",
        "fish/vendor_completions.d/cargo-nix.fish",
    ] {
        let text = std::fs::read_to_string(file(&format!("share/{place}"))).expect("text");
        for hidden in ["can-require", "dump", "What `use cargo-nix` evaluates"] {
            assert!(!text.contains(hidden), "{place} offers {hidden}");
        }
    }
}

/// fish and zsh expand what stands in the words about a value.
#[test]
fn words_about_values_expand_to_nothing() {
    fn check(command: &clap::Command) {
        let values = command.get_arguments().flat_map(clap::Arg::get_possible_values);
        for value in values {
            let words = value.get_help().map(ToString::to_string).unwrap_or_default();
            let expanded = words.find(['"', '\'', '$', '`', '(', '\\']);
            assert_eq!(expanded, None, "{}: {words}", command.get_name());
        }
        command.get_subcommands().for_each(check);
    }
    check(&cargo_nix::cli::Cli::command());
}
