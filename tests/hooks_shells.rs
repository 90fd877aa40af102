//! The hooks in the real shells, at a terminal: entering, leaving, nesting,
//! and what must not disturb them.

mod common;
#[macro_use]
mod hooks_help;

use hooks_help::terminal::{BASH, ELVISH, FISH, Kind, NU, Terminal, ZSH, assert_value};
use hooks_help::{Place, env};

in_each_shell!(
    enter_leave_nest,
    nothing_is_started_outside,
    the_hook_read_twice_starts_one_process,
    a_project_may_be_moved_while_a_shell_is_in_it
);

fn open(place: &Place, kind: &Kind) -> Terminal {
    Terminal::open(place, kind, "", |command| {
        command.env("EMPTY", "").env("TAKEN", "the user's 'own'\nvalue ");
    })
}

fn enter_leave_nest(kind: &Kind) {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "it's $HOME\n"), ("TAKEN", "a"), ("EMPTY", "a")]);
    let below = place.project("a/below", &[("ONLY_BELOW", "1"), ("TAKEN", "below")]);
    let b = place.project("b b", &[("TAKEN", "b")]);
    let mut terminal = open(&place, kind);
    let outside = terminal.environ();
    assert_eq!(outside[&b"TAKEN"[..]], b"the user's 'own'\nvalue ");

    terminal.cd(&a);
    let inside = terminal.environ();
    let shown = || terminal.screen();
    assert_eq!(
        inside.get(&b"ONLY_A"[..]).map(Vec::as_slice),
        Some(&b"it's $HOME\n"[..]),
        "{}",
        shown()
    );
    assert_eq!(inside[&b"TAKEN"[..]], b"a");
    assert_eq!(inside[&b"CARGO_NIX_STATUS"[..]], b"ready");
    assert!(inside[&b"PATH"[..]].starts_with(b"/of/a/bin:"));
    assert_eq!(
        inside[&b"XDG_DATA_DIRS"[..]],
        b"/of/a/share:/usr/local/share:/usr/share"
    );

    terminal.cd(&below);
    let nested = terminal.environ();
    assert_eq!(nested[&b"TAKEN"[..]], b"below");
    assert!(!nested.contains_key(&b"ONLY_A"[..]), "a project of its own");
    assert!(nested[&b"PATH"[..]].starts_with(b"/of/a/below/bin:"));

    terminal.cd(&b);
    let other = terminal.environ();
    assert_eq!(other[&b"TAKEN"[..]], b"b");
    assert!(!other.contains_key(&b"ONLY_BELOW"[..]));
    assert_eq!(other[&b"EMPTY"[..]], b"");

    terminal.cd(&place.path("outside"));
    assert_eq!(
        terminal.environ(),
        outside,
        "{}: {}",
        kind.name,
        terminal.screen()
    );
}

fn nothing_is_started_outside(kind: &Kind) {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let mut terminal = open(&place, kind);
    terminal.line("");
    let before = place.starts();
    for _ in 0..3 {
        terminal.environ();
    }
    assert_eq!(place.starts(), before, "outside, the same directory");
    terminal.cd(&a);
    let before = place.starts();
    for _ in 0..3 {
        terminal.environ();
    }
    assert_eq!(place.starts(), before + 3, "inside: one for each prompt");
    terminal.cd(&place.path("outside/below"));
    let before = place.starts();
    terminal.environ();
    assert_eq!(place.starts(), before, "outside again");
    // A project that appears where the shell is, is seen without moving.
    let below = place.project("outside/below", &[("BELOW", "1")]);
    terminal.line("");
    assert_eq!(terminal.get("BELOW").as_deref(), Some("1"), "{}", below.display());
}

fn the_hook_read_twice_starts_one_process(kind: &Kind) {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let again = match kind.name {
        "fish" => "cargo-nix hook fish | source\n",
        "nu" => "source HOOK\n",
        "elvish" => "eval (cargo-nix hook elvish | slurp)\n",
        "zsh" => "eval \"$(cargo-nix hook zsh)\"\n",
        _ => "eval \"$(cargo-nix hook bash)\"\n",
    };
    let mut terminal = Terminal::open(&place, kind, again, |_| {});
    let outside = terminal.environ();
    terminal.cd(&a);
    let before = place.starts();
    assert_value(&mut terminal, kind, "ONLY_A", "1");
    assert_eq!(place.starts(), before + 1, "{}: once for each prompt", kind.name);
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside, "{}", kind.name);
}

/// The process stays the same, the shell in it is another one.
#[test]
fn a_shell_that_replaces_itself_has_its_hook() {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let mut terminal = open(&place, &ELVISH);
    let outside = terminal.environ();
    terminal.line(format!("exec elvish -rc '{}'", terminal.rc().display()));
    terminal.cd(&a);
    assert_value(&mut terminal, &ELVISH, "ONLY_A", "1");
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside);
}

/// nushell's own kinds of values, which children get as text or not at all.
#[test]
fn leaving_gives_back_values_of_nushell_that_are_no_text() {
    let place = Place::new();
    let a = place.project("a", &[("COUNT", "6"), ("LISTED", "ours"), ("HELD", "ours")]);
    let more = "$env.COUNT = 5\n$env.LISTED = [a b]\n$env.HELD = {a: 1}\n\
                $env.ENV_CONVERSIONS.LISTED = {from_string: {|s| $s | split row ':'}, to_string: {|v| $v | str join ':'}}\n";
    let mut terminal = Terminal::open(&place, &NU, more, |_| {});
    let outside = terminal.environ();
    terminal.cd(&a);
    assert_eq!(
        terminal.get("LISTED").as_deref(),
        Some("ours"),
        "{}",
        terminal.screen()
    );
    terminal.cd(&place.path("outside"));
    terminal.line("print $\"kinds=($env.COUNT + 1),($env.LISTED | length),($env.HELD.a)\"");
    terminal.await_shown("kinds=6,2,1", 1);
    assert_eq!(terminal.environ(), outside, "{}", terminal.screen());
}

/// A universal variable is not hidden for ever behind a global one.
#[test]
fn leaving_shows_the_universal_variables_of_fish_again() {
    let place = Place::new();
    let a = place.project("a", &[("EVERYWHERE", "a")]);
    let mut terminal = Terminal::open(&place, &FISH, "set -Ux EVERYWHERE 'one two'\n", |_| {});
    let outside = terminal.environ();
    assert_eq!(outside[&b"EVERYWHERE"[..]], b"one two");
    terminal.cd(&a);
    assert_eq!(terminal.get("EVERYWHERE").as_deref(), Some("a"));
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside, "{}", terminal.screen());
    terminal.line("set -Ux EVERYWHERE changed");
    assert_eq!(
        terminal.get("EVERYWHERE").as_deref(),
        Some("changed"),
        "{}",
        terminal.screen()
    );
}

#[test]
fn a_bash_that_takes_all_assignments_for_variables_of_commands_is_survived() {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let mut terminal = Terminal::open(&place, &BASH, "set -k\n", |_| {});
    let outside = terminal.environ();
    terminal.cd(&a);
    assert_value(&mut terminal, &BASH, "ONLY_A", "1");
    terminal.line("(exit 3)");
    terminal.line("echo \"status=$? $-\"");
    terminal.await_shown("status=3 ", 1);
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside, "{}", terminal.screen());
    assert!(!terminal.screen().contains("declare -x"), "{}", terminal.screen());
}

/// The parts of a pipe are there for the prompts after ours, too.
#[test]
fn the_parts_of_the_last_pipe_are_kept_for_other_prompts() {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let more = "PROMPT_COMMAND[1]='echo \"parts=${PIPESTATUS[*]}\"; '${PROMPT_COMMAND[1]}\n";
    let mut terminal = Terminal::open(&place, &BASH, more, |_| {});
    for directory in [&a, &place.path("outside")] {
        terminal.cd(directory);
        terminal.line("(exit 3) | (exit 4) | true");
    }
    terminal.await_shown("parts=3 4 0", 2);
}

/// What the last command ended with is still there after the hook has run;
/// elvish has nothing of the kind.
#[test]
fn the_status_of_the_last_command_is_kept() {
    for (kind, fail, say) in [
        (&BASH, "(exit 3)", "echo \"status=$?\""),
        (&ZSH, "(exit 3)", "echo \"status=$?\""),
        (&FISH, "sh -c 'exit 3'", "echo \"status=$status\""),
        (&NU, "^sh -c 'exit 3'", "echo $\"status=($env.LAST_EXIT_CODE)\""),
    ] {
        let place = Place::new();
        let a = place.project("a", &[("ONLY_A", "1")]);
        let mut terminal = open(&place, kind);
        terminal.cd(&a);
        for directory in [&a, &place.path("outside"), &a] {
            terminal.cd(directory);
            terminal.line(fail);
            terminal.line(say);
        }
        // What was written before a prompt may be shown after it.
        terminal.await_shown("status=3", 3);
        let screen = terminal.screen();
        assert_eq!(screen.matches("status=3").count(), 3, "{}: {screen}", kind.name);
    }
}

/// Strict options, aliases on all that the hooks use, functions in the place of
/// builtins, and the hook read twice.
#[test]
fn strict_shells_with_aliases_are_survived() {
    let names = "local builtin command eval return test export unset typeset print printf set cd type hash \
                 emulate break whence declare cargo-nix cat";
    for (kind, strict) in [
        (&BASH, "\\set -euo pipefail\nIFS=/.-\n\\set -o noclobber\n"),
        (
            &ZSH,
            "setopt err_exit no_unset pipe_fail ksh_arrays sh_word_split no_clobber\n",
        ),
    ] {
        let place = Place::new();
        let a = place.project("a", &[("ONLY_A", "1"), ("TAKEN", "a")]);
        let aliases: String = names
            .split_whitespace()
            .map(|name| format!("alias {name}='echo alias of {name}; false'\n"))
            .collect();
        let hook = format!("eval \"$(cargo-nix hook {})\"\n", kind.name);
        let again = format!("\\builtin eval \"$(\\cargo-nix hook {})\"\n", kind.name);
        let functions: String = ["command", "eval", "test", "printf", "unset"]
            .iter()
            .map(|name| format!("function {name} {{ builtin echo alias of {name}; builtin return 1; }}\n"))
            .collect();
        let more = format!("{hook}{functions}{aliases}{again}{strict}");
        let mut terminal = Terminal::open(&place, kind, &more, |command| {
            command.env("TAKEN", "user");
        });
        let outside = terminal.environ();
        terminal.line(format!("\\cd '{}'", a.display()));
        let before = place.starts();
        assert_eq!(
            terminal.get("TAKEN").as_deref(),
            Some("a"),
            "{}: {}",
            kind.name,
            terminal.screen()
        );
        assert_eq!(place.starts(), before + 1, "{}: once for each prompt", kind.name);
        terminal.line(format!("\\cd '{}'", place.path("outside").display()));
        assert_eq!(
            terminal.environ(),
            outside,
            "{}: {}",
            kind.name,
            terminal.screen()
        );
        let screen = terminal.screen();
        assert!(!screen.contains("alias of"), "{}: {screen}", kind.name);
    }
}

/// A subshell and a pipe go elsewhere; the shell itself stays where it is.
#[test]
fn subshells_and_pipes_change_nothing() {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let outside = place.path("outside");
    for (kind, line) in [
        (&BASH, format!("(cd '{}' && true); cd / | cat", outside.display())),
        (&ZSH, format!("(cd '{}' && true); : | (cd /)", outside.display())),
        (
            &FISH,
            format!("fish --no-config -c \"cd '{}'\" | cat", outside.display()),
        ),
        (&NU, format!("do {{ cd '{}'; ls }} | ignore", outside.display())),
        (
            &ELVISH,
            format!("elvish -norc -c \"cd '{}'\" | cat", outside.display()),
        ),
    ] {
        let mut terminal = open(&place, kind);
        terminal.cd(&a);
        let inside = terminal.environ();
        terminal.line(line);
        assert_eq!(terminal.environ(), inside, "{}", kind.name);
    }
}

/// Functions and abbreviations of the user's in the place of what the hook uses.
#[test]
fn functions_and_abbreviations_of_fish_are_survived() {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1"), ("TAKEN", "a")]);
    let names = [
        "cd",
        "echo",
        "source",
        "cargo-nix",
        "true",
        "cat",
        "printf",
        "count",
        "contains",
        "emit",
    ];
    let functions: String = names
        .iter()
        .map(|name| format!("function {name}; builtin echo alias of {name}; builtin return 1; end\n"))
        .collect();
    let more =
        format!("{functions}abbr -a set 'echo alias of set'\ncommand cargo-nix hook fish | builtin source\n");
    let mut terminal = Terminal::open(&place, &FISH, &more, |command| {
        command.env("TAKEN", "user");
    });
    let outside = terminal.environ();
    let before = terminal.screen();
    terminal.line(format!("builtin cd '{}'", a.display()));
    assert_eq!(
        terminal.get("TAKEN").as_deref(),
        Some("a"),
        "{}",
        terminal.screen()
    );
    terminal.line(format!("builtin cd '{}'", place.path("outside").display()));
    assert_eq!(terminal.environ(), outside);
    // fish's own functions, at its start, and the prompt of the test use some.
    for name in names.iter().filter(|name| **name != "echo") {
        let told = |screen: &str| screen.matches(&format!("alias of {name}")).count();
        assert_eq!(
            told(&terminal.screen()),
            told(&before),
            "{name}: {}",
            terminal.screen()
        );
    }
}

/// The project's directory gets another name while a shell is in it.
fn a_project_may_be_moved_while_a_shell_is_in_it(kind: &Kind) {
    let place = Place::new();
    let a = place.project("a", &[("ONLY_A", "1")]);
    let mut terminal = open(&place, kind);
    let outside = terminal.environ();
    terminal.cd(&a);
    std::fs::rename(&a, place.path("moved")).expect("moved");
    match kind.name {
        // It runs nothing, not even its hooks, until it is somewhere again.
        "nu" => terminal.cd(&place.path("moved")),
        _ => terminal.line(""),
    }
    assert_value(&mut terminal, kind, "ONLY_A", "1");
    assert_eq!(
        terminal.get("CARGO_NIX_STATUS").as_deref(),
        Some("ready"),
        "{}",
        kind.name
    );
    // The older environment is known under the new name too.
    place.edit("moved", &[("ONLY_A", "2")]);
    place.allow(&place.path("moved"));
    place.fill(&place.path("moved"), &env("moved", &[("ONLY_A", "2")]));
    terminal.line("");
    assert_eq!(terminal.get("ONLY_A").as_deref(), Some("2"), "{}", kind.name);
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside, "{}", kind.name);
}
