//! What a prompt does about a project: trust, older environments, jobs in the
//! background, and what may go wrong with the cache and the variables. Asked
//! of bash at a terminal, and of each shell what it is for.

mod common;
#[macro_use]
mod hooks_help;

use common::{both, run, success};
use hooks_help::terminal::{BASH, ELVISH, FISH, Kind, NU, STATUS, Terminal, ZSH, open, told};
use hooks_help::{BIN, Place, env};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

in_each_shell!(
    nothing_of_a_project_is_applied_before_it_is_allowed_and_an_edit_asks_again,
    the_background_brings_it_fails_and_is_healed_in_two_terminals
);

fn nothing_of_a_project_is_applied_before_it_is_allowed_and_an_edit_asks_again(kind: &Kind) {
    let place = Place::new();
    let a = place.edit("a", &[("V", "1")]);
    // Somebody has typed `cargo-nix env` there: that was consent for that call.
    place.fill(&a, &env("a", &[("V", "1")]));
    let mut terminal = Terminal::open(&place, kind, "", |_| {});
    let outside = terminal.environ();
    terminal.cd(&a);
    terminal.line("");
    assert_eq!(terminal.get("V"), None);
    assert_eq!(terminal.get(STATUS), None);
    assert_eq!(
        told(&terminal, "is not allowed to be evaluated"),
        1,
        "{}",
        terminal.screen()
    );
    let shown = success(place.world.cargo_nix().args(["allow", "--show"]).arg(&a));
    assert!(
        shown.contains("crate-env.nix (") && shown.contains("is not allowed"),
        "{shown}"
    );
    // What cannot be shown is not allowed.
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("a full disk");
    let unseen = place.world.cargo_nix().arg("allow").arg(&a).stdout(full).output();
    assert!(!unseen.expect("it starts").status.success());
    terminal.line("");
    assert_eq!(terminal.get("V"), None);
    let shown = place.allow(&a);
    assert!(shown.contains("crate-env.nix ("), "{shown}");
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("1"));

    place.edit("a", &[("V", "2")]);
    place.fill(&a, &env("a", &[("V", "2")]));
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("1"), "what was allowed stays");
    assert_eq!(terminal.get(STATUS).as_deref(), Some("stale"));
    assert_eq!(
        told(&terminal, "is not allowed to be evaluated"),
        2,
        "{}",
        terminal.screen()
    );
    let shown = place.allow(&a);
    assert!(
        shown.contains("-# [(\"V\", \"1\")]\n+# [(\"V\", \"2\")]"),
        "{shown}"
    );
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("2"));
    assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"));

    success(place.world.cargo_nix().arg("deny").arg(&a));
    terminal.line("");
    assert_eq!(
        terminal.get("V").as_deref(),
        Some("1"),
        "the last one that is allowed"
    );
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside);
}

#[test]
fn two_worktrees_share_trust_and_a_branch_round_trip_asks_nothing() {
    let place = Place::new();
    let a = place.project("a", &[("V", "1")]);
    let mut terminal = open(&place);
    terminal.cd(&a);
    place.project("a", &[("V", "2")]);
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("2"));
    place.edit("a", &[("V", "1")]);
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("1"));
    let copy = place.world.project(a.to_str().expect("UTF-8"), "copy");
    terminal.cd(&copy);
    assert_eq!(terminal.get("V").as_deref(), Some("1"));
    assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"));
    assert_eq!(told(&terminal, "is not allowed"), 0, "{}", terminal.screen());
}

/// Only the real evaluator is slow or fails: the example of the repository.
fn the_background_brings_it_fails_and_is_healed_in_two_terminals(kind: &Kind) {
    let place = Place::new();
    let text = |value: &str| format!("{{ rust }}: {{ toolchain = rust.default; env.V = {value}; }}\n");
    let write = |value: &str| place.world.write("a/crate-env.nix", &text(value));
    write("\"1\"");
    let a = place.path("a");
    place.allow(&a);
    let open = || Terminal::open(&place, kind, "", |_| {});
    let (mut one, mut two) = (open(), open());
    let outside = one.environ();
    one.cd(&a);
    two.cd(&a);
    one.await_value("V", Some("1"));
    two.await_value("V", Some("1"));
    assert_eq!(one.get(STATUS).as_deref(), Some("ready"));

    write("throw \"no such thing\"");
    place.allow(&a);
    one.await_value(STATUS, Some("failed"));
    two.await_value(STATUS, Some("failed"));
    one.line("");
    assert_eq!(one.get("V").as_deref(), Some("1"), "the older one stays");
    assert_eq!(
        told(&one, "no new environment for"),
        1,
        "told once: {}",
        one.screen()
    );

    write("\"3\"");
    place.allow(&a);
    one.await_value("V", Some("3"));
    two.await_value(STATUS, Some("ready"));
    two.await_value("V", Some("3"));
    one.cd(&place.path("outside"));
    assert_eq!(one.environ(), outside);

    // The collector takes the environment while a shell is inside.
    let slots = place.world.cache().join("slots");
    let mut gone = 0;
    for slot in std::fs::read_dir(slots).expect("slots").flatten() {
        gone += usize::from(std::fs::remove_file(slot.path().join("env")).is_ok());
    }
    assert!(gone > 0);
    two.line("");
    assert_eq!(two.get("V").as_deref(), Some("3"), "it stays meanwhile");
    two.await_value(STATUS, Some("ready"));
}

/// A fault that is seen without evaluating anything: a name that is no text.
#[test]
fn a_fault_of_the_inputs_is_told_once_and_healed() {
    let place = Place::new();
    place.world.write("a/data/file", "");
    place
        .world
        .write("a/crate-env.nix", "{ }: { env.DATA = ./data; }\n");
    let a = place.path("a");
    place.allow(&a);
    place.fill(&a, &env("a", &[("V", "1")]));
    let mut terminal = open(&place);
    terminal.cd(&a);
    assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"));
    let odd = a.join("data").join(OsStr::from_bytes(b"\xff"));
    std::fs::write(&odd, "").expect("a file");
    terminal.line("");
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("1"), "{}", terminal.screen());
    assert_eq!(
        terminal.get(STATUS).as_deref(),
        Some("failed"),
        "{}",
        terminal.screen()
    );
    assert_eq!(
        told(&terminal, "no new environment for"),
        1,
        "{}",
        terminal.screen()
    );
    std::fs::remove_file(odd).expect("removed");
    terminal.line("");
    assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"));
    assert_eq!(terminal.get("V").as_deref(), Some("1"));
}

#[test]
fn a_fault_in_a_project_that_was_never_allowed_is_no_failure() {
    let place = Place::new();
    place
        .world
        .write("a/crate-env.nix", "{ }: { env.DATA = ./data; }\n");
    let a = place.path("a");
    std::os::unix::fs::symlink("/etc", a.join("data")).expect("a link");
    let mut terminal = open(&place);
    terminal.cd(&a);
    assert_eq!(terminal.get(STATUS), None, "{}", terminal.screen());
    assert_eq!(told(&terminal, "absolute target"), 1, "{}", terminal.screen());
}

#[test]
fn names_with_blanks_and_bytes_that_are_no_text() {
    for kind in [&BASH, &ZSH, &FISH, &ELVISH] {
        let place = Place::new();
        let mut odd = place.path("").into_os_string();
        odd.push(OsStr::from_bytes(b"it is \xff"));
        let plain = place.project("plain", &[("V", "1")]);
        let project = std::path::PathBuf::from(odd);
        std::fs::rename(plain, &project).expect("renamed");
        place.fill(&project, &env("odd", &[("V", "1")]));
        let mut terminal = Terminal::open(&place, kind, "", |command| {
            let path = command.get_envs().find(|(name, _)| *name == "PATH");
            let mut path = path.expect("PATH").1.expect("PATH").to_owned();
            path.push(OsStr::from_bytes(b":/old dir/\xfe\xff:/last"));
            command.env("PATH", path);
        });
        let outside = terminal.environ();
        // Bytes that are no text cannot be typed into every shell; a pattern can.
        terminal.line("cd ../it*");
        assert_eq!(
            terminal.get("V").as_deref(),
            Some("1"),
            "{}: {}",
            kind.name,
            terminal.screen()
        );
        let inside = terminal.environ();
        assert!(
            inside[&b"PATH"[..]].ends_with(b":/old dir/\xfe\xff:/last"),
            "{}",
            kind.name
        );
        terminal.cd(&place.path("outside"));
        assert_eq!(terminal.environ(), outside, "{}", kind.name);
    }
}

/// A machine that has changed is looked at for a second: by the job, not by a prompt.
#[test]
fn a_prompt_does_not_wait_for_a_look_at_a_machine_that_has_changed() {
    let place = Place::new();
    let a = place.project("a", &[("V", "1")]);
    let mut terminal = open(&place);
    terminal.cd(&a);
    assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"));
    let sentinel = place.world.cache().join("host/sentinel");
    std::fs::remove_file(&sentinel).expect("the machine is known");
    let lock = place.hold_jobs();
    terminal.line("");
    assert_eq!(
        terminal.get(STATUS).as_deref(),
        Some("stale"),
        "{}",
        terminal.screen()
    );
    assert_eq!(terminal.get("V").as_deref(), Some("1"));
    assert!(!sentinel.exists(), "the prompt has looked at the machine itself");
    lock.unlock().expect("it is given back");
    terminal.await_value(STATUS, Some("ready"));
    assert!(sentinel.exists());
}

/// One variable that the shell keeps as it is: all of the others stay away, too.
#[test]
fn an_environment_with_a_readonly_variable_is_not_applied_by_halves() {
    for (kind, declare, can_be_unset) in [
        (&BASH, "declare -rx TAKEN=mine", false),
        (&BASH, "declare -ix TAKEN=7", true),
        (&BASH, "declare -ux TAKEN=MINE", true),
        (&BASH, "TAKEN=(one two)", true),
        (&ZSH, "readonly TAKEN=mine", false),
        (&ZSH, "typeset -i TAKEN=7", true),
        (&ZSH, "typeset -lx TAKEN=mine", true),
        // To nushell, names that differ in case alone are one.
        (&NU, "$env.Taken = 'mine'", false),
    ] {
        let place = Place::new();
        let a = place.project("a", &[("ALPHA", "1"), ("TAKEN", "ours"), ("ZULU", "1")]);
        let b = place.project("b", &[("ALPHA", "2")]);
        let mut terminal = Terminal::open(&place, kind, &format!("{declare}\n"), |_| {});
        let outside = terminal.environ();
        terminal.cd(&b);
        assert_eq!(
            terminal.get("ALPHA").as_deref(),
            Some("2"),
            "{}",
            terminal.screen()
        );
        terminal.cd(&a);
        for _ in 0..2 {
            let inside = terminal.environ();
            assert!(
                !inside.contains_key(&b"ALPHA"[..]) && !inside.contains_key(&b"ZULU"[..]),
                "{declare}: {}",
                terminal.screen()
            );
            assert_eq!(inside.get(&b"TAKEN"[..]), outside.get(&b"TAKEN"[..]), "{declare}");
            assert_eq!(inside[&b"CARGO_NIX_STATUS"[..]], b"failed", "{declare}");
        }
        let before = place.starts();
        terminal.get("ALPHA");
        assert_eq!(place.starts(), before + 1, "{declare}: once for each prompt");
        assert_eq!(
            told(&terminal, "it sets TAKEN, which"),
            1,
            "{}",
            terminal.screen()
        );
        // What the shell does not keep any more is set at the next prompt.
        if can_be_unset {
            terminal.line("unset TAKEN");
            assert_eq!(terminal.get("TAKEN").as_deref(), Some("ours"), "{declare}");
            assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"), "{declare}");
            continue;
        }
        terminal.cd(&b);
        assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"), "{declare}");
        terminal.cd(&place.path("outside"));
        assert_eq!(terminal.environ(), outside, "{declare}: {}", terminal.screen());
    }
}

/// What zsh ties to the process itself is left out, and that is said.
#[test]
fn what_a_shell_ties_to_its_process_is_left_out_and_told() {
    for kind in [&BASH, &ZSH] {
        let place = Place::new();
        let a = place.project(
            "a",
            &[("ALPHA", "1"), ("GID", "12"), ("USERNAME", "x"), ("ZULU", "1")],
        );
        let mut terminal = Terminal::open(&place, kind, "", |_| {});
        let outside = terminal.environ();
        terminal.cd(&a);
        let inside = terminal.environ();
        assert_eq!(inside[&b"ZULU"[..]], b"1", "{}: {}", kind.name, terminal.screen());
        assert_eq!(inside[&b"CARGO_NIX_STATUS"[..]], b"ready", "{}", kind.name);
        assert_eq!(told(&terminal, "\"GID\" is left out"), 1, "{}", terminal.screen());
        terminal.cd(&place.path("outside"));
        assert_eq!(
            terminal.environ(),
            outside,
            "{}: {}",
            kind.name,
            terminal.screen()
        );
    }
}

#[test]
fn a_cache_that_is_deleted_or_cannot_be_written_does_no_harm() {
    let place = Place::new();
    let a = place.project("a", &[("V", "1")]);
    let mut terminal = open(&place);
    let outside = terminal.environ();
    terminal.cd(&a);
    std::fs::remove_dir_all(place.world.cache()).expect("deleted");
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("1"), "{}", terminal.screen());
    assert_eq!(terminal.get(STATUS).as_deref(), Some("stale"));
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside);

    let place = Place::new();
    let a = place.project("a", &[("V", "1")]);
    let ask = format!("cd '{}' && '{BIN}' prompt bash", a.display());
    let read_only = format!(
        "set -e; C='{}'; mount --bind \"$C\" \"$C\"; mount -o remount,bind,ro \"$C\"; ! touch \"$C/x\" 2>/dev/null; {ask}",
        place.world.cache().display()
    );
    let inside = |script: &str| {
        let mut unshare: Command = place.world.command("unshare");
        unshare.args(["--map-root-user", "--mount", "sh", "-c", script]);
        run(&mut unshare)
    };
    let output = inside(&read_only);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("export V='1'"),
        "{}",
        both(&output)
    );
    assert!(output.stderr.is_empty(), "{}", both(&output));
    // Nothing there, and nothing can be made: that is said, and no job started.
    place.edit("a", &[("V", "2")]);
    place.allow(&a);
    let output = inside(&read_only);
    assert!(output.status.success(), "{}", both(&output));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("writing the cache"), "{stderr}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("'failed'"),
        "{}",
        both(&output)
    );
}

#[test]
fn a_damaged_state_is_told_once_and_never_half_restored() {
    let place = Place::new();
    let a = place.project("a", &[("V", "1")]);
    let mut terminal = open(&place);
    terminal.cd(&a);
    terminal.line("__CARGO_NIX=${__CARGO_NIX%?????}");
    terminal.cd(&place.path("outside"));
    terminal.line("");
    assert_eq!(told(&terminal, "is damaged"), 1, "{}", terminal.screen());
    let after = terminal.environ();
    assert_eq!(after[&b"V"[..]], b"1", "nothing is restored by guessing");
    assert!(!after.contains_key(&b"__CARGO_NIX"[..]));
    assert!(
        !after.contains_key(STATUS.as_bytes()),
        "there is nothing to be ready"
    );
}

#[test]
fn what_the_user_sets_inside_stays_his() {
    let place = Place::new();
    let a = place.project("a", &[("V", "1"), ("W", "1")]);
    let mut terminal = open(&place);
    let mut expected = terminal.environ();
    terminal.cd(&a);
    terminal.line("export V=mine PATH=/mine:$PATH");
    terminal.cd(&place.path("outside"));
    expected.insert(b"V".to_vec(), b"mine".to_vec());
    let path = [&b"/mine:"[..], &expected[&b"PATH"[..]]].concat();
    expected.insert(b"PATH".to_vec(), path);
    assert_eq!(terminal.environ(), expected);
}
