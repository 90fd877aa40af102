//! Which program a hook starts: the one that printed it, wherever the shell is.

mod common;
#[macro_use]
mod hooks_help;

use common::{success, test_path};
use hooks_help::terminal::{Kind, Terminal, assert_value};
use hooks_help::{BIN, Place};

in_each_shell!(
    a_program_that_is_gone_is_told_once,
    a_program_of_the_project_is_not_run_whatever_path_says,
    a_program_in_a_directory_with_an_odd_name_is_found
);

fn open(place: &Place, kind: &Kind) -> Terminal {
    Terminal::open(place, kind, "", |_| {})
}

fn a_program_that_is_gone_is_told_once(kind: &Kind) {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let mut terminal = open(&place, kind);
    let outside = terminal.environ();
    terminal.cd(&a);
    place.uninstall();
    terminal.cd(&place.path("outside"));
    terminal.line("");
    assert_eq!(
        terminal.get("ONLY_A").as_deref(),
        Some("1"),
        "nothing can take it away"
    );
    let told = terminal.screen().matches("is gone; the variables").count();
    assert_eq!(told, 1, "{}: {}", kind.name, terminal.screen());
    place.install();
    terminal.line("");
    assert_eq!(terminal.environ(), outside, "{}", kind.name);

    // Another one in its place, while the shell runs.
    terminal.cd(&a);
    let another = place.path("another");
    let program = place.world.script(
        "new",
        &format!(": > '{}'; exec '{BIN}' \"$@\"", another.display()),
    );
    std::fs::rename(program, place.bin().join("cargo-nix")).expect("replaced");
    terminal.cd(&place.path("outside"));
    assert!(another.exists(), "{}: the one of before was started", kind.name);
    assert_eq!(terminal.environ(), outside, "{}", kind.name);
}

/// PATH with entries that are another place in each directory.
fn a_program_of_the_project_is_not_run_whatever_path_says(kind: &Kind) {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let ran = place.path("ran");
    let stranger = format!("echo \"$*\" >> '{}'", ran.display());
    for at in ["cargo-nix", "bin/cargo-nix"] {
        place.world.script(&format!("a/{at}"), &stranger);
        place.world.script(&format!("never-allowed/{at}"), &stranger);
    }
    place.edit("never-allowed", &[("STRANGE", "1")]);
    // The shell's own start is in a directory of the user's.
    let mut terminal = Terminal::open(&place, kind, "", |command| {
        let path = command.get_envs().find(|(name, _)| *name == "PATH");
        let path = path.and_then(|(_, value)| value).expect("PATH is set");
        let mut strange = std::ffi::OsString::from("./bin:.::bin:");
        strange.push(path);
        command.env("PATH", strange);
    });
    terminal.cd(&place.path("never-allowed"));
    terminal.line("");
    terminal.cd(&a);
    assert_value(&mut terminal, kind, "ONLY_A", "1");
    terminal.cd(&place.path("outside"));
    let ran = std::fs::read_to_string(&ran).unwrap_or_default();
    assert_eq!(ran, "", "{}: it ran with these arguments", kind.name);
}

fn a_program_in_a_directory_with_an_odd_name_is_found(kind: &Kind) {
    let place = Place::with_programs_in("it's \"$HOME\" \\n (of) @CARGO_NIX@");
    let a = place.project("a", &[("ONLY_A", "1")]);
    let mut terminal = open(&place, kind);
    let before = place.starts();
    terminal.cd(&a);
    assert_value(&mut terminal, kind, "ONLY_A", "1");
    assert!(place.starts() > before, "{}: by this name", kind.name);
}

/// An upgrade leads the link elsewhere, and may remove what it led to.
#[test]
fn a_hook_names_the_link_by_which_the_program_was_found() {
    let place = Place::new();
    let link = place.path("links/cargo-nix");
    std::fs::create_dir(place.path("links")).expect("a directory");
    std::os::unix::fs::symlink(BIN, &link).expect("a link");
    let hook = |before: &str, called: &str| {
        let mut bash = place.world.command("bash");
        let path = format!(
            "{before}{}:{}",
            place.path("links").display(),
            test_path().display()
        );
        bash.args(["-c", &format!("'{called}' hook bash")]);
        success(bash.env("PATH", path).current_dir(place.path("links")))
    };
    let named = format!("__cargo_nix_program='{}'\n", link.display());
    for (before, called) in [
        ("", "cargo-nix"),
        (".:", "cargo-nix"),
        (":", "cargo-nix"),
        ("", "./cargo-nix"),
        ("", "../links/cargo-nix"),
    ] {
        let hook = hook(before, called);
        let named = named.replace(
            "/links/",
            if called.starts_with("..") {
                "/links/../links/"
            } else {
                "/links/"
            },
        );
        assert!(hook.contains(&named), "{before}, {called}: {hook}");
    }
}
