//! Whatever the bash of the .envrc is like: its options, the names that it keeps
//! for itself, what the .envrc has declared in it.

mod common;
mod direnv_help;

use direnv_help::{Session, shell_with};

#[test]
fn strict_mode_is_survived_and_left_as_it_was() {
    let hook = "shellHook = \"export HOOKED=\\${UNSET_ANYWHERE}yes; false; false | true\";";
    let mut session = Session::with(&shell_with("strict", hook));
    session.until("ready");
    session.envrc(
        "declare -F strict_env >/dev/null && strict_env || set -euo pipefail\nuse cargo-nix\nexport FLAGS=$-\n[[ -o pipefail ]] && export PIPEFAIL=on\n",
    );
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
    assert_eq!(session.get("HOOKED").as_deref(), Some("yes"));
    assert_eq!(session.get("PIPEFAIL").as_deref(), Some("on"));
    let flags = session.get("FLAGS").expect("flags");
    assert!(flags.contains('e') && flags.contains('u'), "{flags}");

    session.write("crate-env.nix", "{ rust }: throw \"strictly\"\n");
    session.prompt();
    session.until("failed");
    assert_eq!(session.get("GREETING").as_deref(), Some("strict"));
    assert_eq!(
        session.get("PIPEFAIL").as_deref(),
        Some("on"),
        "the rest of the .envrc ran"
    );

    // direnv's own, up to 2.25, where there is no tput or no TERM.
    let fails = "log_error() { local color; color=$(false); printf '%s\\n' \"$*\" >&2; }";
    session.envrc(&format!(
        "set -euo pipefail\n{fails}\nuse cargo-nix\nexport AFTER=1\n"
    ));
    session.prompt();
    session.until("failed");
    assert!(session.said.contains("strictly"), "{}", session.said);
    assert_eq!(session.get("AFTER").as_deref(), Some("1"));
}

/// To set what bash keeps for itself could end it.
#[test]
fn what_bash_keeps_for_itself_is_left_out() {
    let mut session = Session::with(&shell_with("one", "env.SRANDOM = \"1 2\"; env.BASHPID = \"x\";"));
    session.envrc("use cargo-nix --wait\n");
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
    assert_eq!(session.get("GREETING").as_deref(), Some("one"));
    assert!(
        session.said.contains("\"SRANDOM\" is left out"),
        "{}",
        session.said
    );
}

/// An .envrc that has made one of the variables readonly, or a number, is told
/// which; nothing is set by halves, what is watched stays so, and a save heals it.
#[test]
fn what_the_envrc_has_declared_is_not_overwritten() {
    for declared in [
        "readonly GREETING=mine",
        "declare -i GREETING=3",
        // Without a value.
        "declare -gi GREETING",
        "readonly GREETING",
        "declare -a GREETING=()",
        "declare -u GREETING",
    ] {
        let mut session = Session::with(&shell_with("hello", "env.OTHER = \"set\";"));
        session.until("ready");
        assert_eq!(session.get("OTHER").as_deref(), Some("set"));
        session.envrc(&format!(
            "set -euo pipefail\n{declared}\nuse cargo-nix\nexport AFTER=1\n"
        ));
        session.prompt();
        assert!(
            session.said.contains("declared GREETING before"),
            "{declared}: {}",
            session.said
        );
        assert_eq!(session.get("CARGO_NIX_STATUS").as_deref(), Some("failed"));
        assert_eq!(
            (session.get("OTHER"), session.get("AFTER").as_deref()),
            (None, Some("1"))
        );
        let renamed = shell_with("hello", "env.OTHER = \"set\";").replace("GREETING", "WELCOME");
        session.write("crate-env.nix", &renamed);
        session.until("ready");
        assert_eq!(session.get("WELCOME").as_deref(), Some("hello"), "{declared}");
        assert_eq!(session.get("GREETING"), None, "{declared}");
    }
}
