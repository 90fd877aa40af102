//! What direnv keeps in variables of its own counts as well: a shell in which
//! one of them is too long starts no program any more.

mod common;
mod direnv_help;

use common::success;
use direnv_help::{Session, shell, shell_with, status};

/// So many hexadecimal digits that nothing packs them well, in 4 kB each.
fn values(count: usize, seed: &str) -> String {
    format!(
        "env = {{ GREETING = \"{seed}\"; }} // builtins.listToAttrs (builtins.genList (n: {{ name = \"MANY_${{toString n}}\"; \
         value = builtins.concatStringsSep \"\" (builtins.genList (m: builtins.hashString \"sha256\" \
         \"{seed} ${{toString n}} ${{toString m}}\") 64); }}) {count});"
    )
}

fn project(count: usize, seed: &str) -> String {
    format!(
        "{{ rust }}:\n{{ toolchain = rust.default; {} }}\n",
        values(count, seed)
    )
}

#[test]
fn many_values_that_direnv_cannot_keep_are_refused_and_the_last_good_ones_stay() {
    let mut session = Session::with(&project(20, "good"));
    session.until("ready");
    assert_eq!(session.get("MANY_19").map(|value| value.len()), Some(4096));
    session.write("crate-env.nix", &project(60, "too many"));
    session.prompt();
    session.until("failed");
    assert!(
        session.said.contains("too big for direnv") && session.said.contains("MANY_"),
        "{}",
        session.said
    );
    assert!(
        session.said.contains("the last good environment stays"),
        "{}",
        session.said
    );
    assert_eq!(session.get("GREETING").as_deref(), Some("good"));
    assert_eq!(status(&session)["state"], "failed");
    success(&mut session.program("/bin/true"));
    session.until_quiet();

    session.write("crate-env.nix", &shell("healed"));
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("healed"));
    assert_eq!(status(&session)["state"], "ready");
}

#[test]
fn more_inputs_than_direnv_can_watch_leave_a_shell_that_works() {
    let mut session = Session::new();
    for n in 0..12_000 {
        // Names that nothing packs well.
        let name = blake3::hash(format!("{n}").as_bytes()).to_hex();
        session.write(&format!("data/{:.2}/{:.40}", name.as_str(), name.as_str()), "");
    }
    let text = shell_with("many", "env.DATA = ./data;");
    session.write("crate-env.nix", &text);
    session.envrc("use cargo-nix\n");
    session.until("ready");
    assert!(
        session.said.contains("too many for direnv to remember"),
        "{}",
        session.said
    );
    success(&mut session.program("/bin/true"));
    session.until_quiet();
    // A name that appears is seen by its directory.
    session.write("data/00/new", "");
    assert!(session.prompt(), "{}", session.said);
    session.until("ready");
    session.write("crate-env.nix", &text.replace("many", "more"));
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("more"));
}
