//! The shellHook under direnv: whatever it does to its shell, the load comes to
//! its end, with what is watched and the environment.

mod common;
mod direnv_help;

use common::success;
use direnv_help::{Session, is_alive, shell, shell_with};

const STRICT: &str = "declare -F strict_env >/dev/null && strict_env || set -euo pipefail\nuse cargo-nix\n\
                      export FLAGS=$- OPTIONS=$(set -o | grep -c 'pipefail.*on')\n";

#[test]
fn whatever_a_hook_does_to_its_shell_the_load_comes_to_its_end() {
    let hooks = [
        ("export HOOKED=1; trap 'export HOOKED=trap' EXIT", Some("1")),
        ("export HOOKED=1; trap - EXIT; trap : EXIT INT", Some("1")),
        ("export HOOKED=1; exit 1; export HOOKED=2", Some("1")),
        ("export HOOKED=1; exit; export HOOKED=2", Some("1")),
        ("export HOOKED=1; return 3; export HOOKED=2", Some("1")),
        (
            "set -euo pipefail; export HOOKED=1; false; export HOOKED=2",
            Some("1"),
        ),
        (
            "set -euo pipefail; export HOOKED=1; echo $NOT_SET_ANYWHERE; export HOOKED=2",
            Some("1"),
        ),
        (
            "cd /; set -fx +e; set -- a b; shopt -s nullglob; export HOOKED=1",
            Some("1"),
        ),
        ("declare -x HOOKED=1", Some("1")),
        ("typeset -x HOOKED=1; return 3", Some("1")),
        ("set -C; export HOOKED=1", Some("1")),
        ("exec true", None),
        ("export HOOKED=1; exec true", None),
        ("export HOOKED=1; if", None),
        ("export HOOKED=1; sleep 60 >/dev/null 2>&1 &", Some("1")),
    ];
    for envrc in ["use cargo-nix\nexport FLAGS=$- OPTIONS=0\n", STRICT] {
        let mut session = Session::with(&shell("before"));
        session.envrc(envrc);
        session.until("ready");
        for (n, (hook, set)) in hooks.into_iter().enumerate() {
            session.until_quiet();
            let greeting = n.to_string();
            let text = shell_with(&greeting, &format!("shellHook = ''{hook}'';"));
            session.write("crate-env.nix", &text);
            assert!(
                session.prompt(),
                "the inputs are watched, whatever the hook before {hook} did"
            );
            session.until("ready");
            assert_eq!(
                session.get("GREETING"),
                Some(greeting),
                "{hook}: {}",
                session.said
            );
            assert_eq!(session.get("HOOKED").as_deref(), set, "{hook}: {}", session.said);
            let flags = session.get("FLAGS").expect("the .envrc went on");
            let strict = envrc == STRICT;
            assert_eq!(
                ["u", "e"].map(|flag| flags.contains(flag)),
                [strict, strict],
                "{hook}: {flags}"
            );
            assert_eq!(
                session.get("OPTIONS").as_deref(),
                Some(if strict { "1" } else { "0" }),
                "{hook}"
            );
            assert!(!flags.contains('x') && !flags.contains('f'), "{hook}: {flags}");
        }
    }
}

#[test]
fn what_a_hook_exports_and_unsets_is_byte_for_byte_and_left_again() {
    let hook = r#"
        export ODD=$'it\'s\n"$(date)" \\ `date`\t\xff!' EMPTY= OVER="$PATH:/hooked"
        PATH=$PATH:/hooked
        export -n GREETING
        unset DOOMED
        [ $# = 0 ] && export COUNT=none
        unexported=1
        unset -f trap; readonly KEPT=1; export KEPT
    "#;
    let mut session = Session::with(&shell_with(
        "hooked",
        &format!("env.DOOMED = \"1\"; shellHook = ''{hook}'';"),
    ));
    let before = session.all();
    session.until("ready");
    let program = session
        .program("sh")
        .args(["-c", "printf %s \"$ODD\" | od -An -tx1"])
        .output();
    let bytes = String::from_utf8(program.expect("sh starts").stdout).expect("hexadecimal");
    // direnv itself replaces what is not UTF-8.
    assert_eq!(
        bytes.split_whitespace().collect::<Vec<_>>().join(""),
        "697427730a222428646174652922205c20606461746560 09efbfbd21".replace(' ', ""),
        "{}",
        session.said
    );
    assert_eq!(session.get("EMPTY").as_deref(), Some(""));
    assert!(session.get("PATH").is_some_and(|path| path.ends_with(":/hooked")));
    assert!(session.get("OVER").is_some_and(|path| path.ends_with(":/hooked")));
    assert_eq!(session.get("DOOMED"), None);
    assert_eq!(session.get("COUNT").as_deref(), Some("none"));
    assert_eq!(session.get("unexported"), None);
    assert_eq!(session.get("KEPT").as_deref(), Some("1"));
    success(&mut session.program("true"));
    session.directory = session.world.path().to_path_buf();
    session.prompt();
    assert_eq!(session.all(), before);
}

/// What an editor or a script reads of direnv has an end.
#[test]
fn who_reads_what_direnv_says_does_not_wait_for_what_a_hook_leaves_running() {
    let mut session = Session::new();
    let pid = session.world.path().join("pid");
    let hook = format!(
        "echo out; echo err >&2; sleep 600 & echo $! >'{}'; export HOOKED=1",
        pid.display()
    );
    session.write(
        "crate-env.nix",
        &shell_with("there", &format!("shellHook = ''{hook}'';")),
    );
    success(session.program("cargo-nix").args(["env"]));
    session.envrc("use cargo-nix\n");
    let temporary = session.world.path().join("tmp");
    std::fs::create_dir(&temporary).expect("a directory");
    session
        .variables
        .insert("TMPDIR".into(), Some(temporary.clone().into()));
    // Its output is a pipe, read to the end.
    session.prompt();
    let pid = std::fs::read_to_string(pid).expect("the hook ran");
    let pid: u32 = pid.trim().parse().expect("a process id");
    let alive = is_alive(pid);
    success(session.program("kill").arg(pid.to_string()));
    assert!(alive, "it was not waited for: {}", session.said);
    assert_eq!(session.get("HOOKED").as_deref(), Some("1"), "{}", session.said);
    assert!(session.said.contains("out\nerr\n"), "{}", session.said);
    let left = std::fs::read_dir(temporary).expect("the directory");
    assert_eq!(left.count(), 0, "no temporary file stays");
}

#[test]
fn a_syntax_error_is_said_to_be_the_hooks() {
    let words = "the shellHook of crate-env.nix has a syntax error";
    for (hook, faulty) in [
        ("export HOOKED=1\nif then", true),
        ("set -e; export HOOKED=1\nif then", true),
        ("export HOOKED=1\nfalse", false),
        (
            "shopt -s extglob\ncase x in +(x)) export HOOKED=1;; esac\nreturn 1",
            false,
        ),
    ] {
        let text = shell_with("there", &format!("shellHook = ''{hook}'';"));
        let mut session = Session::with(&text);
        session.until("ready");
        assert_eq!(session.said.contains(words), faulty, "{hook}: {}", session.said);
        assert_eq!(
            session.said.contains("cargo-nix-shellHook."),
            faulty,
            "{}",
            session.said
        );
        assert_eq!(
            session.get("HOOKED").as_deref(),
            Some("1"),
            "{hook}: {}",
            session.said
        );
    }
}
