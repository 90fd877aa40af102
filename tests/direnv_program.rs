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

    // Gone, then back: the next save of the project finds it.
    let others = session.without_cargo_nix();
    session.envrc("use cargo-nix\n# again\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("failed"));
    assert!(
        session.said.contains("cargo-nix is not on PATH"),
        "{}",
        session.said
    );
    assert!(!session.prompt(), "nothing is tried while nothing changes");
    let program = others.join("cargo-nix");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cargo-nix"), &program).expect("a link");
    session.write("crate-env.nix", &shell("back"));
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("back"));

    // Killed, of a project elsewhere: a save there, and another program.
    std::fs::remove_file(&program).expect("the link");
    session.world.script("others/cargo-nix", "kill -9 $$");
    session.write("else where/crate-env.nix", &shell("elsewhere"));
    session.envrc("strict_env\nuse cargo-nix --offline \"$PWD/else where\"\nexport AFTER=2\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("failed"));
    assert_eq!(session.get("AFTER").as_deref(), Some("2"));
    assert!(
        session.said.contains("did not give an environment"),
        "{}",
        session.said
    );
    // direnv tells seconds apart.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    session.write("else where/crate-env.nix", &shell("saved"));
    assert!(session.prompt(), "a save tries again");
    assert_eq!(session.status().as_deref(), Some("failed"));
    std::fs::remove_file(&program).expect("the script");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cargo-nix"), &program).expect("a link");
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("saved"));
}
