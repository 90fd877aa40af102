//! The hooks in the real shells, over what proptest makes up: whatever the user
//! and the environments have, leaving restores it byte for byte. And the prompts
//! of docs/shells.md, in the shells that they are for.

mod common;
mod hooks_help;

use cargo_nix::env::Env;
use hooks_help::Place;
use hooks_help::terminal::{BASH, ELVISH, FISH, Kind, NU, Terminal, ZSH};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Few names, so that the user and the environments meet in them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("XDG_DATA_DIRS".to_owned()),
        Just("MANPATH".to_owned()),
        "[A-D]"
    ]
}

fn user() -> impl Strategy<Value = BTreeMap<String, OsString>> {
    let bytes = prop::collection::vec(1..=255u8, 0..20);
    let list = prop::collection::vec("[a-c]?", 0..5).prop_map(|parts| parts.join(":").into_bytes());
    let value = prop_oneof![bytes, list].prop_map(OsString::from_vec);
    prop::collection::btree_map(name(), value, 0..6)
}

fn environment() -> impl Strategy<Value = Env> {
    let texts = prop::collection::btree_map(name(), "[^\0]{0,9}|[a-c:]{0,6}", 0..5);
    let lists = prop::collection::btree_map(
        prop_oneof![name(), Just("PATH".to_owned())],
        prop::collection::vec("/[a-d]", 0..4),
        0..4,
    );
    (texts, lists).prop_map(|(variables, prepend)| Env {
        variables,
        prepend,
        ..Env::default()
    })
}

/// What nushell can have: text.
fn user_of_nushell() -> impl Strategy<Value = BTreeMap<String, OsString>> {
    let value = prop_oneof!["[^\0]{0,9}", "[a-c:]{0,6}"].prop_map(OsString::from);
    prop::collection::btree_map(name(), value, 0..6)
}

fn restored(kind: &Kind) {
    restored_to(kind, user());
}

fn restored_to(kind: &Kind, user: impl Strategy<Value = BTreeMap<String, OsString>>) {
    let config = ProptestConfig {
        cases: 5,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let made_up = (user, prop::collection::vec(environment(), 2..4));
    let outcome = TestRunner::new(config).run(&made_up, |(user, environments)| {
        let place = Place::new();
        let mut terminal = Terminal::open(&place, kind, "", |command| {
            command.envs(&user);
        });
        let outside = terminal.environ();
        for (number, env) in environments.iter().enumerate() {
            let directory = place.edit(&format!("p{number}"), &[("N", &number.to_string())]);
            place.allow(&directory);
            place.fill(&directory, env);
            terminal.cd(&directory);
            let inside = terminal.environ();
            prop_assert_eq!(&inside[&b"CARGO_NIX_STATUS"[..]], b"ready");
            for (name, value) in &env.variables {
                let merged = env.prepend.contains_key(name) || name.len() > 1;
                let held = inside.get(name.as_bytes()).map(Vec::as_slice);
                prop_assert!(merged || held == Some(value.as_bytes()), "{}: {:?}", name, held);
            }
        }
        terminal.cd(&place.path("outside"));
        prop_assert_eq!(terminal.environ(), outside, "{}", terminal.screen());
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{}: {error}", kind.name));
}

#[test]
fn leaving_restores_what_was_there_in_bash() {
    restored(&BASH);
}

#[test]
fn leaving_restores_what_was_there_in_zsh() {
    restored(&ZSH);
}

#[test]
fn leaving_restores_what_was_there_in_fish() {
    restored(&FISH);
}

#[test]
fn leaving_restores_what_was_there_in_elvish() {
    restored(&ELVISH);
}

#[test]
fn leaving_restores_what_was_there_in_nushell() {
    restored_to(&NU, user_of_nushell());
}

/// The block of this language in the section about `$CARGO_NIX_STATUS`.
fn snippet(language: &str) -> String {
    let docs = std::fs::read_to_string(common::repository().join("docs/shells.md")).expect("the docs");
    let (_, section) = docs
        .split_once("\n## `$CARGO_NIX_STATUS`\n")
        .expect("the section");
    let (_, block) = section
        .split_once(&format!("\n```{language}\n"))
        .expect("a block");
    block.split_once("```").expect("its end").0.to_owned()
}

#[test]
fn the_prompts_of_the_docs_show_the_status() {
    for kind in [&BASH, &ZSH, &FISH, &NU, &ELVISH] {
        let place = Place::new();
        let a = place.project("a", &[("V", "1")]);
        let mut terminal = Terminal::open(&place, kind, &snippet(kind.name), |_| {});
        terminal.line("");
        assert!(!terminal.screen().contains("(ready)"), "{}", kind.name);
        terminal.cd(&a);
        terminal.await_shown("(ready)", 1);
        // One that was never allowed has none.
        let shown = |terminal: &Terminal| terminal.screen().matches("(ready)").count();
        terminal.cd(&place.path("outside"));
        terminal.line("");
        let before = shown(&terminal);
        for _ in 0..2 {
            terminal.line("");
        }
        assert_eq!(shown(&terminal), before, "{}: outside", kind.name);
    }
}
