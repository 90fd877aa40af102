//! Which cargo-nix direnv's bash starts, and what there is without one.

mod common;
mod direnv_help;

use direnv_help::{Session, shell};
use std::ffi::OsString;

/// The .envrc is allowed, the programs beside it are not.
#[test]
fn a_program_of_the_project_is_not_run_whatever_path_says() {
    let mut session = Session::with(&shell("there"));
    let ran = session.world.path().join("ran");
    for at in ["cargo-nix", "bin/cargo-nix"] {
        let stranger = format!("echo \"$*\" >> '{}'", ran.display());
        session.world.script(&format!("project/{at}"), &stranger);
    }
    let mut path = OsString::from("./bin:.::bin:");
    path.push(session.programs());
    session.variables.insert("PATH".into(), Some(path));
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("there"));
    assert!(!ran.exists(), "{:?}", std::fs::read_to_string(&ran));
}

#[test]
fn without_a_project_or_a_program_it_says_so_and_heals() {
    let mut session = Session::new();
    session.write("unrelated", "");
    session.envrc("export BEFORE=1\nuse cargo-nix\nexport AFTER=1\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("failed"));
    assert!(session.said.contains("no crate-env.nix in"), "{}", session.said);
    assert_eq!(
        (session.get("BEFORE"), session.get("AFTER")),
        (Some("1".into()), Some("1".into()))
    );
    session.write("crate-env.nix", &shell("there"));
    session.prompt();
    session.until("ready");

    session.without_cargo_nix();
    session.envrc("use cargo-nix\n# again\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("failed"));
    assert!(
        session.said.contains("cargo-nix is not on PATH"),
        "{}",
        session.said
    );
}
