//! What direnv gives back when a project is left, whatever was there before;
//! and what becomes of a shell whose project, cache or store changes under it.

mod common;
mod direnv_help;

use cargo_nix::cache::Slot;
use cargo_nix::cli::ObtainArgs;
use cargo_nix::env::{Env, Look};
use cargo_nix::vars::Vars;
use common::{nix_program, success};
use direnv_help::{Session, shell, shell_with};
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

type Variables = BTreeMap<String, Option<OsString>>;

/// Text of the kinds that shells and JSON stumble over.
fn text() -> impl Strategy<Value = String> {
    const BITS: &[&str] = &[
        "a",
        " ",
        "\n",
        "'",
        "\"",
        "\\",
        "$HOME",
        "`date`",
        "$(date)",
        "é",
        "💥",
        ":",
        "=",
        "!",
        "\t",
        "\r",
        "\u{1b}[0m",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "%s",
        "#",
        "&",
        ";",
        "~",
        "*",
        "^",
        "\u{1}",
        "-n",
        "\\n",
    ];
    prop::collection::vec(prop::sample::select(BITS), 0..6).prop_map(|bits| bits.concat())
}

/// Bytes that are no text.
fn noise() -> impl Strategy<Value = OsString> {
    prop::collection::vec(1u8..=255, 1..8).prop_map(OsString::from_vec)
}

/// A value or none, of a name that may or may not be ours too.
fn variables() -> impl Strategy<Value = Variables> {
    let ours = prop::sample::select(
        &[
            "GREETING",
            "TAKEN",
            "EMPTIED",
            "HOOKED",
            "DOOMED",
            "CARGO_NIX_STATUS",
        ][..],
    );
    let name = prop_oneof![
        ours.prop_map(str::to_owned),
        "MINE_[A-Z0-9_]{0,6}",
        "[a-z]_[a-z]{1,3}",
    ];
    let value = prop_oneof![
        6 => text().prop_map(OsString::from).prop_map(Some),
        1 => Just(None),
        1 => noise().prop_map(Some),
    ];
    let list = prop_oneof![
        Just(None),
        Just(Some(OsString::new())),
        "(/[a-c]|/usr/bin|/usr/share|)(:(/[a-c]|/usr/share|)){0,5}".prop_map(|text| Some(text.into())),
    ];
    (btree_map(name, value, 0..8), list).prop_map(|(mut variables, list)| {
        variables.insert("XDG_DATA_DIRS".to_owned(), list);
        variables
    })
}

/// The order of PATH's entries after those that programs are found in.
fn path() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("(/[a-c]|/usr/bin|)", 0..4)
}

/// direnv itself replaces what is not UTF-8, in every .envrc: nothing can be
/// done about it. What it does in one that is empty is what we may do.
#[test]
fn leaving_gives_back_whatever_was_there() {
    let hook = "shellHook = \"export HOOKED=$GREETING; unset DOOMED\";";
    let more = format!("env.TAKEN = \"it's\\nours\"; env.EMPTIED = \"\"; {hook}");
    let mut session = Session::with(&shell_with("property", &more));
    session.until("ready");
    session.until_quiet();
    let project = session.directory.clone();
    let empty = session.world.path().join("empty");
    session.directory = empty.clone();
    session.envrc("");
    let outside = session.world.path().to_path_buf();
    let mut runner = TestRunner::new(Config {
        cases: 30,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Config::default()
    });
    let session = std::cell::RefCell::new(session);
    let outcome = runner.run(&(variables(), path()), |(variables, path)| {
        let mut session = session.borrow_mut();
        let mut round = |inside: &Path| {
            session.variables.clear();
            let mut entries = vec![session.programs()];
            entries.extend(path.iter().map(OsString::from));
            let path = entries.join(std::ffi::OsStr::new(":"));
            session.variables.insert("PATH".into(), Some(path));
            for (name, value) in &variables {
                session.variables.insert(name.into(), value.clone());
            }
            session.directory = outside.clone();
            let before = session.all();
            session.directory = inside.to_path_buf();
            session.prompt();
            let within = session.all();
            session.directory = outside.clone();
            session.prompt();
            (before, within, session.all())
        };
        let (before, within, after) = round(&project);
        let value = |name: &str| within.get(&OsString::from(name)).cloned();
        prop_assert_eq!(value("CARGO_NIX_STATUS"), Some("ready".into()));
        prop_assert_eq!(value("TAKEN"), Some("it's\nours".into()));
        prop_assert_eq!(value("EMPTIED"), Some(OsString::new()));
        prop_assert_eq!(value("HOOKED"), Some("property".into()));
        prop_assert_eq!(value("DOOMED"), None);
        if before.values().all(|value| value.to_str().is_some()) {
            prop_assert_eq!(&after, &before);
        } else {
            let (_, _, by_direnv) = round(&empty);
            prop_assert_eq!(&after, &by_direnv);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// An environment of few names, so that it and the user meet in them.
fn environment_made_up() -> impl Strategy<Value = Env> {
    let name = || {
        prop_oneof![
            Just("XDG_DATA_DIRS".to_owned()),
            Just("XDG_CACHE_HOME".to_owned()),
            Just("GREETING".to_owned()),
            Just("TAKEN".to_owned()),
            "MINE_[A-C]",
        ]
    };
    let texts = btree_map(name(), text(), 0..6);
    let lists = btree_map(
        prop_oneof![name(), Just("PATH".to_owned())],
        prop::collection::vec("/[a-d]", 0..4),
        0..4,
    );
    let hook = prop::sample::select(
        &[
            "",
            "unset TAKEN; export HOOKED=\"$PATH\"",
            "export MINE_A=; exit 1",
        ][..],
    );
    (texts, lists, hook).prop_map(|(variables, prepend, hook)| Env {
        variables,
        prepend,
        shell_hook: hook.to_owned(),
        ..Env::default()
    })
}

/// Puts `env` into the slot of the inputs as they are, as an evaluation would.
fn fill(session: &Session, number: usize, env: &Env) {
    session.write("crate-env.nix", &format!("# {number}\n{{ }}: {{ }}\n"));
    let args = ObtainArgs {
        project: Some(session.directory.clone()),
        ..ObtainArgs::default()
    };
    let vars = Vars {
        home: Some(session.world.home()),
        rustup_home: Some(common::rustup_home()),
        nix_store_dir: Some(session.world.store_dir()),
        ..Vars::default()
    };
    let look = Look::at(&args, &vars).expect("the project is found");
    let path = session.world.path().join("store").join(look.key.as_str());
    std::fs::create_dir_all(&path).expect("a store path");
    let slot = look.cache.slot_directory(&look.key);
    std::fs::create_dir_all(&slot).expect("a slot");
    std::os::unix::fs::symlink(&path, slot.join("env")).expect("a root");
    let slot = Slot {
        path: path.to_str().expect("UTF-8").to_owned(),
        env: env.clone(),
        ..Slot::default()
    };
    look.cache.fill(&look.key, &slot).expect("filled");
}

#[test]
fn leaving_gives_back_whatever_was_there_whatever_the_environment_is() {
    let session = Session::with("{ }: { }\n");
    let (project, outside) = (session.directory.clone(), session.world.path().to_path_buf());
    let state = std::cell::RefCell::new((session, 0));
    let config = Config {
        cases: 30,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Config::default()
    };
    let texts = btree_map("MINE_[A-C]|TAKEN|XDG_DATA_DIRS", text(), 0..6);
    let made_up = (texts, prop::collection::vec(environment_made_up(), 1..3));
    let outcome = TestRunner::new(config).run(&made_up, |(variables, environments)| {
        let (session, number) = &mut *state.borrow_mut();
        session.variables.clear();
        for (name, value) in variables {
            session.variables.insert(name.into(), Some(value.into()));
        }
        session.directory = outside.clone();
        let before = session.all();
        session.directory = project.clone();
        for env in &environments {
            *number += 1;
            fill(session, *number, env);
            // direnv compares whole seconds.
            session.envrc(&format!("use cargo-nix\n# {number}\n"));
            let later = std::time::SystemTime::now() + std::time::Duration::from_secs(*number as u64 * 5);
            let envrc = std::fs::File::open(session.directory.join(".envrc")).expect("it is there");
            envrc.set_modified(later).expect("a touch");
            session.prompt();
            prop_assert_eq!(session.status(), Some("ready".to_owned()), "{}", &session.said);
        }
        session.directory = outside.clone();
        session.prompt();
        prop_assert_eq!(session.all(), before, "{}", &session.said);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_project_within_a_project_has_its_own_and_the_outer_one_comes_back() {
    let mut session = Session::with(&shell_with("outer", "env.OUTER = \"1\";"));
    let outer = session.directory.clone();
    let inner = outer.join("inner");
    session.write("inner/crate-env.nix", &shell_with("inner", "env.INNER = \"1\";"));
    session.until("ready");
    let in_outer = session.all();
    session.directory = inner.clone();
    session.envrc("use cargo-nix\n");
    session.prompt();
    session.until("ready");
    let get = |session: &Session| ["GREETING", "OUTER", "INNER"].map(|name| session.get(name));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(get(&session), [some("inner"), None, some("1")]);

    session.directory = outer.clone();
    session.prompt();
    assert_eq!(session.all(), in_outer);
    // Within the project, wherever: nothing is loaded.
    std::fs::create_dir_all(outer.join("src")).expect("a directory");
    session.directory = outer.join("src");
    assert!(!session.prompt());
    // One that asks for the outer one, too.
    session.directory = inner;
    session.envrc("source_up\nuse cargo-nix\n");
    session.prompt();
    session.until("ready");
    assert_eq!(get(&session), [some("inner"), some("1"), some("1")]);
    session.directory = session.world.path().to_path_buf();
    session.prompt();
    assert_eq!(get(&session), [None, None, None]);
}

/// A garbage collection leaves what a shell is in; a store that lost it all the
/// same gets it again at the next load.
#[test]
fn what_the_store_lost_under_a_shell_comes_back() {
    let mut session = Session::with(&shell("collected"));
    session.until("ready");
    session.until_quiet();
    let path = environment(&session);
    let outcome = delete(&session, &[], &path);
    assert!(!outcome.status.success() && path.exists(), "it has a root");
    let outcome = delete(&session, &["--ignore-liveness"], &path);
    assert!(!path.exists(), "{}", common::both(&outcome));

    session.envrc("use cargo-nix\n# again\n");
    session.prompt();
    assert_ne!(session.status().as_deref(), Some("failed"), "{}", session.said);
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("collected"));
    assert!(path.exists());
}

/// The store path of the one environment.
fn environment(session: &Session) -> PathBuf {
    let slots = session.world.cache().join("slots");
    let mut slots = std::fs::read_dir(slots).expect("slots");
    let slot = slots.next().expect("a slot").expect("an entry").path();
    std::fs::read_link(slot.join("env")).expect("a root")
}

fn delete(session: &Session, how: &[&str], path: &Path) -> std::process::Output {
    let configuration = "extra-experimental-features = nix-command\nbuild-hook =\nbuild-users-group =";
    let mut command = session.world.command(nix_program());
    command.env("NIX_CONFIG", configuration);
    common::run(command.args(["store", "delete"]).args(how).arg(path))
}

#[test]
fn a_cache_that_is_deleted_under_a_shell_is_filled_again() {
    let mut session = Session::with(&shell("deleted"));
    session.until("ready");
    session.until_quiet();
    std::fs::remove_dir_all(session.world.cache()).expect("it goes");
    // The stamp that is watched is gone, so direnv loads by itself.
    assert!(session.prompt());
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("deleted"));
    session.until_quiet();
    session.write("crate-env.nix", &shell("and filled again"));
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("and filled again"));
}

#[test]
fn a_project_that_is_moved_under_a_shell_is_left_and_entered_again() {
    let mut session = Session::with(&shell("moved"));
    let before = session.all();
    session.until("ready");
    session.until_quiet();
    let counter = session.counting();
    let to = session.world.path().join("a new place");
    std::fs::rename(&session.directory, &to).expect("it moves");
    session.directory = to.clone();
    // direnv asks about an .envrc in another place.
    let refused = common::run(&mut session.export("bash"));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is blocked"));
    success(session.program("direnv").arg("allow"));
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
    assert_eq!(session.get("GREETING").as_deref(), Some("moved"));
    assert!(counter.started().is_empty(), "its contents are known");
    session.write("crate-env.nix", &shell("edited there"));
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("edited there"));
    session.directory = session.world.path().to_path_buf();
    session.prompt();
    session.variables.remove(std::ffi::OsStr::new("CARGO_NIX_EVAL"));
    assert_eq!(session.all(), before);
}
