//! `use cargo-nix` under a real direnv: what is loaded, when, and what leaving
//! gives back.

mod common;
mod direnv_help;

use common::{both, run, success};
use direnv_help::{Session, shell, shell_with, slow};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

#[test]
fn entering_gives_the_environment_and_leaving_takes_it_away_byte_for_byte() {
    let mut session = Session::with(&shell_with(
        "it's\n$(date) \\\\ é",
        "env.TAKEN = \"ours\"; shellHook = \"export HOOKED=$GREETING; unset DOOMED\";",
    ));
    let odd = OsString::from("a'\n\"b é ");
    for (name, value) in [
        ("TAKEN", OsString::from("theirs")),
        ("DOOMED", OsString::from("alive")),
        ("EMPTY", OsString::new()),
        ("XDG_DATA_DIRS", OsString::from("/one::/two")),
        ("BESIDE", odd),
    ] {
        session.variables.insert(name.into(), Some(value));
    }
    let before = session.all();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("it's\n$(date) \\ é"));
    assert_eq!(session.get("TAKEN").as_deref(), Some("ours"));
    assert_eq!(
        session.get("HOOKED"),
        session.get("GREETING"),
        "the shellHook runs last"
    );
    assert_eq!(session.get("DOOMED"), None);
    let inside = session.get("PATH").expect("a PATH");
    let outside = before[&OsString::from("PATH")].to_string_lossy().into_owned();
    let mut theirs: Vec<&str> = Vec::new();
    for entry in outside.split(':') {
        if !theirs.contains(&entry) {
            theirs.push(entry);
        }
    }
    assert!(
        inside.ends_with(&theirs.join(":")) && inside.starts_with(common_store(&session).as_str()),
        "ours first, theirs in their order: {inside}"
    );
    assert!(
        session
            .get("XDG_DATA_DIRS")
            .expect("a list")
            .ends_with(":/one::/two")
    );

    let project = std::mem::replace(&mut session.directory, session.world.path().to_path_buf());
    assert!(session.prompt(), "leaving changes something");
    assert_eq!(session.all(), before);
    session.directory = project;
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "and in again");
}

fn common_store(session: &Session) -> String {
    session.world.store_dir().display().to_string()
}

#[test]
fn the_older_environment_is_there_at_once_and_changes_over_by_itself() {
    let mut session = Session::with(&shell("first"));
    assert!(session.prompt());
    assert_eq!(session.status().as_deref(), Some("building"));
    assert_eq!(session.get("GREETING"), None, "nothing is half there");
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("first"));

    session.write("crate-env.nix", &shell("second"));
    assert!(session.prompt());
    assert_eq!(session.status().as_deref(), Some("stale"));
    assert_eq!(session.get("GREETING").as_deref(), Some("first"));
    assert!(
        session.said.contains("the last environment stays"),
        "{}",
        session.said
    );
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("second"));
    session.until_quiet();
}

#[test]
fn only_what_counts_is_watched() {
    let mut session = Session::new();
    session.write(
        "crate-env.nix",
        "{ rust }:\n{ toolchain = rust.default; env.GREETING = import ./nix/greeting.nix; }\n",
    );
    session.write("nix/greeting.nix", "\"first\"\n");
    session.write("src/main.rs", "fn main() {}\n");
    session.write("Cargo.lock", "version = 4\n");
    session.envrc("use cargo-nix\n");
    session.until("ready");
    session.until_quiet();

    session.write("src/main.rs", "fn main() { println!(); }\n");
    session.write("src/new.rs", "");
    session.write("Cargo.lock", "version = 4\n\n");
    session.write("nix/unrelated", "");
    session.write("unrelated", "");
    assert!(!session.prompt(), "{}", session.said);

    session.write("nix/greeting.nix", "\"second\"\n");
    assert!(session.prompt(), "an imported file is an input");
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("second"));
    // A pin that was not there before.
    session.until_quiet();
    session.write("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n");
    assert!(session.prompt(), "what appears counts");
}

#[test]
fn a_touch_and_a_branch_round_trip_evaluate_nothing() {
    let mut session = Session::with(&shell("main"));
    session.until("ready");
    session.write("crate-env.nix", &shell("branch"));
    session.prompt();
    session.until("ready");
    let counter = session.counting();
    let rounds = [("main", "main"), ("branch", "branch"), ("branch", "branch")];
    for (round, (text, greeting)) in rounds.into_iter().enumerate() {
        let file = session.write("crate-env.nix", &shell(text));
        let later = std::time::SystemTime::now() + Duration::from_secs(10 * (round as u64 + 1));
        let file = std::fs::File::open(file).expect("it is there");
        file.set_modified(later).expect("a touch");
        session.prompt();
        assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
        assert_eq!(session.get("GREETING").as_deref(), Some(greeting));
    }
    assert!(counter.started().is_empty());
}

#[test]
fn a_failure_keeps_the_last_environment_and_the_next_save_heals_it() {
    let mut session = Session::with(&shell("good"));
    session.until("ready");
    // One that the evaluator finds, and one that is found before it.
    let unreadable = "{ rust }:\n{ env.GREETING = import ./away; }\n";
    std::os::unix::fs::symlink("/etc", session.directory.join("away")).expect("a link");
    for (broken, complaint) in [
        (
            "{ rust }:\n{ env.GREETING = throw \"no such luck\"; }\n",
            "no such luck",
        ),
        ("{ rust }:\n{ env.GREETING =\n", "syntax error"),
        (unreadable, "absolute target"),
    ] {
        session.write("crate-env.nix", broken);
        session.prompt();
        session.until("failed");
        assert!(session.said.contains(complaint), "{complaint}: {}", session.said);
        assert!(
            session.said.contains("the last good environment stays"),
            "{}",
            session.said
        );
        assert_eq!(session.get("GREETING").as_deref(), Some("good"));
        assert!(session.get("PATH").is_some_and(|path| path.contains("rust")));
        session.until_quiet();

        session.write("crate-env.nix", &shell("good"));
        session.prompt();
        session.until("ready");
    }
}

#[test]
fn an_edit_in_the_second_of_the_load_is_seen() {
    let mut session = Session::with(&shell("0"));
    session.until("ready");
    for round in 1..6 {
        session.write("crate-env.nix", &shell(&format!("{round}")));
        session.prompt();
    }
    session.until("ready");
    session.until_quiet();
    assert_eq!(session.get("GREETING").as_deref(), Some("5"));
}

#[test]
fn directories_and_options_are_taken_and_odd_names_too() {
    let mut session = Session::new();
    let odd = OsString::from_vec(b"it's a \xff \"dir\"".to_vec());
    let named = session.directory.join("with space");
    let project = session.directory.join(&odd);
    for directory in [&named, &project] {
        std::fs::create_dir_all(directory).expect("a directory");
        std::fs::write(directory.join("crate-env.nix"), shell("odd")).expect("a file");
    }
    session.envrc("use cargo-nix 'with space' --wait\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
    session.envrc("use cargo-nix $'it\\'s a \\xff \"dir\"' --wait --impure\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
    assert_eq!(session.get("GREETING").as_deref(), Some("odd"));
    // The .envrc itself in a directory that is not UTF-8; direnv cannot have a
    // double quote there.
    let plain = session
        .directory
        .join(OsString::from_vec(b"it's a \xff dir".to_vec()));
    std::fs::rename(project, &plain).expect("it is renamed");
    session.directory = plain;
    session.envrc("use cargo-nix --wait\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
    for (wrong, why) in [
        ("\"\"", "a value is required for '[DIR]'"),
        ("--no-such-option", "unexpected argument"),
        ("--impure . .", "unexpected argument"),
    ] {
        session.envrc(&format!("use cargo-nix {wrong}\n"));
        session.prompt();
        assert_eq!(session.status().as_deref(), Some("failed"), "{}", session.said);
        assert_eq!(
            session.get("GREETING").as_deref(),
            Some("odd"),
            "the last one stays"
        );
        assert!(
            session.said.contains(why)
                && session
                    .said
                    .contains("use cargo-nix [DIR] [--impure] [--offline] [--wait]")
                && !session.said.contains("export [OPTIONS]"),
            "{}",
            session.said
        );
    }
    assert!(session.said.contains("'.' found"), "{}", session.said);
}

#[test]
fn who_cannot_come_back_later_waits_and_gets_all_of_it() {
    for how in [&["export", "json"][..], &["export", "vim"], &["exec", ".", "env"]] {
        let session = Session::with(&shell("whole"));
        let text = success(session.program("direnv").args(how));
        assert!(
            text.contains("GREETING") && text.contains("whole"),
            "{how:?}: {text}"
        );
        assert!(text.contains("ready"), "{how:?}: {text}");
    }
    let mut session = Session::with(&shell("whole"));
    let output = run(session.export("bash").env("CI", "true"));
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("whole"),
        "{}",
        both(&output)
    );
    // An editor in a project that was there before is not kept waiting.
    session.write("crate-env.nix", &shell("next"));
    session.load("json");
    assert_eq!(session.status().as_deref(), Some("stale"));
    assert_eq!(session.get("GREETING").as_deref(), Some("whole"));
}

/// nushell's prompt asks with the words of an editor: who started direnv counts.
#[test]
fn the_prompt_of_nushell_does_not_wait() {
    let session = Session::with(&slow("never"));
    let text = success(session.program("nu").args([
        "--no-config-file",
        "--no-std-lib",
        "-c",
        "direnv export json | from json | get CARGO_NIX_STATUS",
    ]));
    assert_eq!(text.trim(), "building");
}

/// Only where direnv has to be asked about files before anything is evaluated are
/// there two: the second is for its answer.
#[test]
fn a_load_starts_cargo_nix_once() {
    let mut session = Session::with(&shell("once"));
    session.until("ready");
    let starts = session.world.path().join("starts");
    let script = format!(
        "echo \"$*\" >>'{}'\nexec '{}' \"$@\"",
        starts.display(),
        env!("CARGO_BIN_EXE_cargo-nix")
    );
    std::fs::remove_file(session.world.path().join("bin/cargo-nix")).expect("the link");
    session.world.script("bin/cargo-nix", &script);
    let asked = "require_allowed() { :; }\n";
    let mut seconds = 0;
    for (envrc, broken) in [
        ("use cargo-nix\n", false),
        (asked, false),
        ("use cargo-nix\n# again\n", true),
    ] {
        if broken {
            session.write("crate-env.nix", "{ rust }:\n{ env.GREETING = import ./away; }\n");
            std::os::unix::fs::symlink("/etc", session.directory.join("away")).expect("a link");
        }
        let text = if envrc == asked {
            format!("{asked}use cargo-nix\n")
        } else {
            envrc.to_owned()
        };
        session.envrc(&text);
        // The first load after an answer of direnv notes it.
        for more in ["", "# and again\n"] {
            let _ = std::fs::remove_file(&starts);
            session.envrc(&format!("{text}{more}"));
            // direnv compares whole seconds.
            seconds += 5;
            let later = std::time::SystemTime::now() + Duration::from_secs(seconds);
            let envrc = std::fs::File::open(session.directory.join(".envrc")).expect("it is there");
            envrc.set_modified(later).expect("a touch");
            assert!(session.prompt(), "{text}");
        }
        let wanted = if broken { "failed" } else { "ready" };
        assert_eq!(session.status().as_deref(), Some(wanted), "{}", session.said);
        let log = std::fs::read_to_string(&starts).expect("it was started");
        assert_eq!(log.lines().count(), 1, "{text}: {log}");
    }
}

#[test]
fn two_worktrees_share_the_environment() {
    let mut session = Session::with(&shell("shared"));
    session.until("ready");
    let first = session.variables.clone();
    let counter = session.counting();
    session.directory = session.world.path().join("worktree");
    session.write("crate-env.nix", &shell("shared"));
    session.envrc("use cargo-nix\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"));
    assert_eq!(
        session.variables.get(&OsString::from("PATH")),
        first.get(&OsString::from("PATH"))
    );
    assert!(counter.started().is_empty());
}

#[test]
fn an_environment_too_big_to_start_anything_is_refused_in_time() {
    let big = "env.BIG = builtins.concatStringsSep \"\" (builtins.genList (_: \"0123456789\") 100000);";
    let mut session = Session::with(&shell("good"));
    session.until("ready");
    session.write("crate-env.nix", &shell_with("big", big));
    session.prompt();
    session.until("failed");
    assert!(
        session.said.contains("too big for any program to start"),
        "{}",
        session.said
    );
    assert!(session.said.contains("BIG ("), "{}", session.said);
}

#[test]
fn direnv_is_asked_about_the_files_where_it_can_be() {
    // What `require_allowed` of direnv 2.38 does, with a file as its memory.
    let emulated = "require_allowed() {\n  [ -e allowed ] && [ \"$(cat \"$@\" | cksum)\" = \"$(cat allowed)\" ] && return\n  \
                    export DIRENV_REQUIRED=\"$*\"\n  log_error \"$* requires approval\"\n  exit 0\n}\n";
    let mut session = Session::with(&shell("good"));
    session.envrc(&format!("{emulated}use cargo-nix --wait\n"));
    let counter = session.counting();
    session.prompt();
    assert!(
        session.said.contains("crate-env.nix requires approval"),
        "{}",
        session.said
    );
    assert_eq!(session.status().as_deref(), Some("building"));
    assert!(counter.started().is_empty(), "nothing is evaluated before");
    let allow = |session: &Session| {
        let sum = success(session.program("sh").args(["-c", "cksum <crate-env.nix"]));
        session.write("allowed", &sum);
    };
    allow(&session);
    session.envrc(&format!("{emulated}use cargo-nix --wait\n# approved\n"));
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);

    let evaluated = counter.started().len();
    session.write("crate-env.nix", &shell("edited"));
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("stale"), "{}", session.said);
    assert_eq!(session.get("GREETING").as_deref(), Some("good"));
    assert_eq!(counter.started().len(), evaluated);
}
