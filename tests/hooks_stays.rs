//! What stays applied when what a project says now cannot be. Asked of bash at a
//! terminal.

mod common;
mod hooks_help;

use common::run;
use hooks_help::terminal::{BASH, STATUS, Terminal, open, told};
use hooks_help::{Place, env};
use std::os::unix::fs::PermissionsExt;

/// With it, the shell could start no program any more, not even ours to leave.
#[test]
fn an_environment_of_a_megabyte_is_not_applied() {
    let place = Place::new();
    let a = place.project("a", &[("V", "1")]);
    let mut terminal = open(&place);
    terminal.cd(&a);
    place.edit("a", &[("V", "2")]);
    place.allow(&a);
    let huge = "x".repeat(1_000_000);
    place.fill(&a, &env("a", &[("V", "2"), ("HUGE", &huge)]));
    terminal.line("");
    terminal.line("");
    assert_eq!(terminal.get("HUGE"), None);
    assert_eq!(terminal.get("V").as_deref(), Some("1"), "the last good one stays");
    assert_eq!(terminal.get(STATUS).as_deref(), Some("failed"));
    let output = run(place.world.cargo_nix().args(["status", "--project"]).arg(&a));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("failed: ") && text.contains("too big"), "{text}");
    assert_eq!(
        told(&terminal, "a variable is too big"),
        1,
        "{}",
        terminal.screen()
    );
    assert_eq!(
        told(&terminal, "rgument list too long"),
        0,
        "{}",
        terminal.screen()
    );
}

#[test]
fn while_a_new_one_is_built_the_newest_that_fits_stands_in() {
    let place = Place::new();
    let a = place.project("a", &[("V", "1")]);
    let (mut one, mut two) = (open(&place), open(&place));
    let huge = "x".repeat(1_000_000);
    let edit = |value: &str, huge: &[(&str, &str)]| {
        place.edit("a", &[("V", value)]);
        place.allow(&a);
        place.fill(&a, &env("a", &[&[("V", value)], huge].concat()));
    };
    for terminal in [&mut one, &mut two] {
        terminal.cd(&a);
    }
    edit("2", &[]);
    two.line("");
    edit("3", &[("HUGE", &huge)]);
    // What one shell has learned of, another has, too.
    for terminal in [&mut two, &mut one] {
        terminal.line("");
        assert_eq!(terminal.get("V").as_deref(), Some("2"), "{}", terminal.screen());
        assert_eq!(terminal.get(STATUS).as_deref(), Some("failed"));
    }
    place.edit("a", &[("V", "4")]);
    place.allow(&a);
    let _lock = place.hold_jobs();
    one.line("");
    assert_eq!(one.get("V").as_deref(), Some("2"), "{}", one.screen());
    assert_eq!(one.get(STATUS).as_deref(), Some("stale"), "{}", one.screen());
}

#[test]
fn an_edit_that_is_not_allowed_yet_takes_nothing_away_though_the_cache_is_gone() {
    let place = Place::new();
    let a = place.project("a", &[("V", "1")]);
    let mut terminal = open(&place);
    let outside = terminal.environ();
    terminal.cd(&a);
    place.edit("a", &[("V", "2")]);
    std::fs::remove_dir_all(place.world.cache()).expect("deleted");
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("1"), "{}", terminal.screen());
    assert_eq!(terminal.get(STATUS).as_deref(), Some("stale"));
    assert_eq!(
        told(&terminal, "what was allowed before stays"),
        1,
        "{}",
        terminal.screen()
    );
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside);
}

#[test]
fn whatever_asks_again_is_shown() {
    let place = Place::new();
    let a = place.edit("a", &[]);
    place
        .world
        .write("a/crate-env.nix", "{ }: { env.DATA = ./data; }\n");
    let tool = place.world.write("a/data/tool", "#!/bin/sh\n");
    place.allow(&a);
    let mode = |mode: u32| {
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(mode)).expect("chmod");
    };
    for (change, shown) in [
        (&(|| mode(0o755)) as &dyn Fn(), "+executable"),
        (&|| mode(0o644), "-executable"),
        (
            &|| std::fs::create_dir(a.join("data/empty")).expect("a directory"),
            "+an empty directory",
        ),
    ] {
        change();
        let said = place.allow(&a);
        assert!(said.contains(shown), "{said}");
    }
}

#[test]
fn without_home_a_project_is_not_allowed_and_where_the_cache_is_is_said_once() {
    let place = Place::new();
    let a = place.edit("a", &[]);
    let mut terminal = Terminal::open(&place, &BASH, "", |command| {
        command.env_remove("HOME");
    });
    terminal.cd(&a);
    terminal.line("");
    assert_eq!(terminal.get(STATUS), None, "{}", terminal.screen());
    for words in [
        "neither XDG_CACHE_HOME nor HOME is set",
        "neither XDG_DATA_HOME nor HOME is set",
    ] {
        assert_eq!(told(&terminal, words), 1, "{}", terminal.screen());
    }
}
