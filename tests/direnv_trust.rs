//! What `cargo-nix deny`, and a direnv that asks about files, keep from being
//! evaluated although the .envrc is allowed.

mod common;
mod direnv_help;

use common::success;
use direnv_help::{Session, shell, shell_with, status};

#[test]
fn what_was_denied_is_neither_evaluated_nor_is_its_hook_run_under_direnv() {
    let mut session = Session::new();
    let marker = session.world.path().join("hook-ran");
    let text = |greeting: &str| {
        let hook = format!("shellHook = \"echo ran >>'{}'\";", marker.display());
        shell_with(greeting, &hook)
    };
    session.write("crate-env.nix", &text("first"));
    session.envrc("use cargo-nix\n");
    session.until("ready");
    session.until_quiet();
    let counter = session.counting();
    let verb = |session: &Session, verb: &str| success(session.program("cargo-nix").arg(verb));
    verb(&session, "deny");
    std::fs::remove_file(&marker).expect("the hook ran");
    assert!(session.prompt(), "a denial is seen by itself");
    for edit in ["first", "edited"] {
        session.write("crate-env.nix", &text(edit));
        session.envrc(&format!("use cargo-nix\n# {edit}\n"));
        for wait in ["bash", "json"] {
            session.load(wait);
            assert_eq!(session.status().as_deref(), Some("failed"), "{edit}");
            assert_eq!(session.get("GREETING"), None, "{edit}");
        }
        assert_eq!(status(&session)["state"], "failed", "{edit}");
    }
    session.envrc("use cargo-nix\n# asks again\n");
    session.prompt();
    assert!(session.said.contains("was denied"), "{}", session.said);
    assert!(!marker.exists() && counter.started().is_empty());

    verb(&session, "allow");
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("edited"));
    assert!(marker.exists());
}

#[test]
fn after_a_denial_what_is_allowed_comes_back_and_words_and_states_agree() {
    let mut session = Session::with(&shell("allowed"));
    let verb = |session: &Session, verb: &str| success(session.program("cargo-nix").arg(verb));
    verb(&session, "allow");
    session.until("ready");
    session.write("crate-env.nix", &shell("by direnv"));
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("by direnv"));
    // Who has no direnv is told how it stands there.
    let outside = success(session.world.cargo_nix().args(["status", "--project", "project"]));
    assert!(!outside.contains("until the new one"), "{outside}");
    assert!(
        outside.starts_with("stale: ")
            && outside.contains("under direnv, where the .envrc decides, it is ready"),
        "{outside}"
    );
    let said = verb(&session, "deny");
    assert!(said.contains(" is denied ("), "{said}");
    assert!(verb(&session, "deny").contains(" was denied already ("));
    session.prompt();
    assert_eq!(
        session.get("GREETING").as_deref(),
        Some("allowed"),
        "{}",
        session.said
    );
    assert!(
        session.said.contains("was denied")
            && session
                .said
                .contains("the last environment that is allowed is used"),
        "{}",
        session.said
    );
    assert_eq!(session.status().as_deref(), Some("stale"));
    let text = success(session.program("cargo-nix").arg("status"));
    assert!(
        text.starts_with("stale: an older environment, one that is allowed, is in use\n"),
        "{text}"
    );
    let report = status(&session);
    assert_eq!(report["state"], "stale", "{report}");
    assert!(
        report["message"]
            .as_str()
            .is_some_and(|text| text.contains("was denied")),
        "{report}"
    );
}

#[test]
fn what_lies_above_the_envrc_takes_an_allow_where_direnv_is_asked_about_files() {
    // direnv's own refuses paths that lead upwards, and allows all others here.
    let asked = "require_allowed() { [[ $* != *..* && $* != /* ]] || exit 1; }\n";
    let mut session = Session::new();
    session.write("crate-env.nix", &shell("above"));
    session.directory = session.directory.join("member");
    session.envrc(&format!("{asked}use cargo-nix --wait\n"));
    let counter = session.counting();
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("failed"));
    assert!(session.said.contains("lies above the .envrc"), "{}", session.said);
    assert!(counter.started().is_empty());
    success(session.program("cargo-nix").arg("allow"));
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
    assert_eq!(session.get("GREETING").as_deref(), Some("above"));
}
