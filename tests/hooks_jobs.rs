//! The job that a prompt starts: it works for what the prompt sees, evaluates
//! what was allowed and nothing else, and is missed when it dies.

mod common;
mod hooks_help;

use cargo_nix::background::Desk;
use cargo_nix::cli::ObtainArgs;
use cargo_nix::env::Look;
use common::{both, run, success};
use hooks_help::Place;
use hooks_help::terminal::{BASH, STATUS, Terminal, open, told};

/// Which layers a project has depends on where one is: the job has to begin
/// where the prompt did.
#[test]
fn the_job_works_for_the_layers_that_the_prompt_sees() {
    let place = Place::new();
    let write = |path: &str, text: &str| place.world.write(&format!("root/{path}"), text);
    let layer = |name: &str| format!("{{ rust }}: {{ toolchain = rust.default; env.{name} = \"1\"; }}\n");
    write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"m\"]\nexclude = [\"m/sub\"]\n",
    );
    write("crate-env.nix", &layer("ROOT"));
    write("m/Cargo.toml", "[package]\nname = \"m\"\nversion = \"0.1.0\"\n");
    write("m/crate-env.nix", &layer("M"));
    write("m/sub/Cargo.toml", "[workspace]\n");
    let below = place.path("root/m/sub");
    place.allow(&below);
    let mut terminal = open(&place);
    terminal.cd(&below);
    terminal.await_value(STATUS, Some("ready"));
    assert_eq!(terminal.get("M").as_deref(), Some("1"));
    assert_eq!(terminal.get("ROOT"), None);
}

/// Between the look that trust is asked about and the evaluation, an editor, or
/// a `git checkout`, may come.
#[test]
fn nothing_but_the_content_that_was_asked_about_is_evaluated() {
    let place = Place::new();
    let a = place.edit("a", &[]);
    place.world.write(
        "a/crate-env.nix",
        "{ rust }: { toolchain = rust.default; env.V = \"1\"; }\n",
    );
    let fill = |digest: &str| {
        let mut command = place.world.cargo_nix();
        run(command.args(["fill", "--digest", digest, "--project"]).arg(&a))
    };
    let args = ObtainArgs {
        project: Some(a.clone()),
        ..ObtainArgs::default()
    };
    let vars = place.vars();
    let now = || Look::at(&args, &vars).expect("the project is found");
    let output = fill(blake3::hash(b"another").to_hex().as_str());
    assert_eq!(output.status.code(), Some(75), "{}", both(&output));
    assert!(now().slot.is_none(), "nothing was evaluated");
    let output = fill(now().inputs.digest().to_hex().as_str());
    assert!(output.status.success(), "{}", both(&output));
    assert!(now().slot.is_some());
}

#[test]
fn a_job_that_dies_at_once_is_told_once_and_started_again() {
    let place = Place::new();
    let a = place.edit("a", &[]);
    place.world.write(
        "a/crate-env.nix",
        "{ rust }: { toolchain = rust.default; env.V = \"1\"; }\n",
    );
    place.allow(&a);
    let args = ObtainArgs {
        project: Some(a.clone()),
        ..ObtainArgs::default()
    };
    let vars = place.vars();
    let look = Look::at(&args, &vars).expect("the project is found");
    // What no job can open.
    let lock = Desk::of(&look.cache, &look.project.id().to_hex()).lock();
    std::fs::create_dir_all(&lock).expect("a directory");
    let mut terminal = open(&place);
    terminal.cd(&a);
    terminal.await_value(STATUS, Some("failed"));
    for _ in 0..5 {
        terminal.line("");
    }
    assert_eq!(terminal.get(STATUS).as_deref(), Some("failed"));
    assert_eq!(
        told(&terminal, "ends before it is done"),
        1,
        "{}",
        terminal.screen()
    );
    std::fs::remove_dir(&lock).expect("it goes");
    terminal.await_value("V", Some("1"));
    assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"));
}

/// What says where cargo-nix finds things is for what runs in the environment;
/// who looks at the project sees it as it was outside.
#[test]
fn a_project_that_sets_where_things_are_comes_to_rest() {
    let place = Place::new();
    let write = |value: &str| {
        let text = format!(
            "{{ rust }}: {{ toolchain = rust.default; env = {{ V = \"{value}\"; CARGO_NIX_UNITS = \"1\"; }}\n  \
             // {{ XDG_CACHE_HOME = \"/nowhere\"; XDG_DATA_HOME = \"/nowhere\"; RUSTUP_HOME = \"/nowhere\"; }}\n  \
             // {{ NIX_STORE_DIR = \"/nowhere\"; NIX_STATE_DIR = \"/nowhere\"; CARGO_NIX_EVAL = \"/nowhere\"; }}; }}\n"
        );
        place.world.write("a/crate-env.nix", &text);
        place.allow(&place.path("a"));
    };
    write("1");
    let mut terminal = open(&place);
    let outside = terminal.environ();
    terminal.cd(&place.path("a"));
    terminal.await_value("V", Some("1"));
    for _ in 0..3 {
        terminal.line("");
        assert_eq!(
            terminal.get(STATUS).as_deref(),
            Some("ready"),
            "{}",
            terminal.screen()
        );
    }
    assert_eq!(terminal.get("XDG_CACHE_HOME").as_deref(), Some("/nowhere"));
    let slots = || {
        std::fs::read_dir(place.world.cache().join("slots"))
            .expect("slots")
            .count()
    };
    assert_eq!(slots(), 1);
    // Typed inside, and a job that is started inside.
    terminal.line("cargo-nix env --print --quiet > $HOME/typed && echo typed=$?");
    terminal.await_shown("typed=0", 1);
    assert_eq!(slots(), 1);
    write("2");
    terminal.await_value("V", Some("2"));
    assert_eq!(
        terminal.get(STATUS).as_deref(),
        Some("ready"),
        "{}",
        terminal.screen()
    );
    terminal.cd(&place.path("outside"));
    assert_eq!(terminal.environ(), outside);
}

/// An evaluator that waits as long as the file is there, and notes its starts.
fn gate(place: &Place) -> std::path::PathBuf {
    let (gate, starts) = (place.path("gate"), place.path("evaluations"));
    place.world.script(
        "evaluator",
        &format!(
            "echo >> '{}'\nwhile [ -e '{}' ]; do sleep 0.05; done\nexec '{}' \"$@\"",
            starts.display(),
            gate.display(),
            common::evaluator().display()
        ),
    );
    gate
}

#[test]
fn the_prompt_is_free_meanwhile_an_edit_is_seen_and_the_last_of_ten_wins() {
    let place = Place::new();
    let gate = gate(&place);
    std::fs::write(&gate, "").expect("closed");
    let a = place.path("a");
    let text = |value: usize| format!("{{ rust }}: {{ toolchain = rust.default; env.V = \"{value}\"; }}\n");
    // Trust is in the content.
    for value in (1..=12).rev() {
        place.world.write("a/crate-env.nix", &text(value));
        place.allow(&a);
    }
    let mut terminal = Terminal::open(&place, &BASH, "", |command| {
        command.env("CARGO_NIX_EVAL", place.path("evaluator"));
    });
    terminal.cd(&a);
    for _ in 0..3 {
        assert_eq!(
            terminal.get(STATUS).as_deref(),
            Some("building"),
            "{}",
            terminal.screen()
        );
        assert_eq!(terminal.get("V"), None);
    }
    // While it is evaluated.
    let evaluations = || {
        let text = std::fs::read_to_string(place.path("evaluations")).unwrap_or_default();
        text.lines().count()
    };
    while evaluations() == 0 {
        terminal.line("");
    }
    place.world.write("a/crate-env.nix", &text(2));
    assert_eq!(
        terminal.get(STATUS).as_deref(),
        Some("building"),
        "{}",
        terminal.screen()
    );
    std::fs::remove_file(&gate).expect("opened");
    terminal.await_value("V", Some("2"));
    assert_eq!(terminal.get(STATUS).as_deref(), Some("ready"));

    let before = evaluations();
    let file = a.join("crate-env.nix");
    let editor = std::thread::spawn(move || {
        for value in 3..=12 {
            std::fs::write(&file, text(value)).expect("an edit");
            std::thread::sleep(std::time::Duration::from_millis(90));
        }
    });
    while !editor.is_finished() {
        terminal.line("");
    }
    editor.join().expect("the editor ends");
    terminal.await_value("V", Some("12"));
    assert_eq!(
        terminal.get(STATUS).as_deref(),
        Some("ready"),
        "{}",
        terminal.screen()
    );
    let evaluated = evaluations() - before;
    assert!((1..=2).contains(&evaluated), "{evaluated} evaluations");
}

/// What happens by itself is pure: docs/shells.md says what to type instead.
#[test]
fn a_project_that_needs_impure_has_no_environment_at_the_prompt() {
    let place = Place::new();
    let a = place.path("a");
    place.world.write(
        "a/crate-env.nix",
        "{ rust }: { toolchain = rust.default; env.V = builtins.getEnv \"HOME\"; }\n",
    );
    place.allow(&a);
    let mut terminal = open(&place);
    terminal.cd(&a);
    terminal.await_value(STATUS, Some("failed"));
    terminal.line("");
    assert_eq!(terminal.get("V"), None);
    assert_eq!(
        told(&terminal, "or evaluate with --impure"),
        1,
        "{}",
        terminal.screen()
    );
    terminal.line("cargo-nix exec --impure --quiet -- sh -c 'echo V=[$V]'");
    let shown = format!("V=[{}]", place.world.home().display());
    terminal.await_shown(&shown, 1);
    // What somebody asked for is not what a prompt may have instead.
    success(
        place
            .world
            .cargo_nix()
            .current_dir(&a)
            .args(["env", "--impure", "--quiet"]),
    );
    place.world.write(
        "a/crate-env.nix",
        "{ rust }: { toolchain = rust.default; env.V = builtins.getEnv \"HOME\"; env.W = \"\"; }\n",
    );
    place.allow(&a);
    for _ in 0..2 {
        let mut terminal = open(&place);
        terminal.cd(&a);
        terminal.await_value(STATUS, Some("failed"));
        assert_eq!(terminal.get("V"), None, "{}", terminal.screen());
    }
}

/// The store loses the environment itself, and not only its root.
#[test]
fn what_the_store_lost_under_a_shell_comes_back() {
    let place = Place::new();
    place.world.write(
        "a/crate-env.nix",
        "{ rust }: { toolchain = rust.default; env.V = \"lost by the store\"; }\n",
    );
    let a = place.path("a");
    place.allow(&a);
    let mut terminal = open(&place);
    terminal.cd(&a);
    terminal.await_value(STATUS, Some("ready"));
    let slots = std::fs::read_dir(place.world.cache().join("slots")).expect("slots");
    let slot = slots.last().expect("a slot").expect("an entry").path();
    let path = std::fs::read_link(slot.join("env")).expect("a root");
    let mut delete = place.world.command(common::nix_program());
    delete.env(
        "NIX_CONFIG",
        "extra-experimental-features = nix-command\nbuild-hook =\nbuild-users-group =",
    );
    let output = common::run(delete.args(["store", "delete", "--ignore-liveness"]).arg(&path));
    assert!(!path.exists(), "{}", common::both(&output));
    terminal.line("");
    assert_eq!(
        terminal.get("V").as_deref(),
        Some("lost by the store"),
        "it stays meanwhile"
    );
    terminal.await_value(STATUS, Some("ready"));
    assert!(path.exists(), "{}", terminal.screen());
    assert_eq!(terminal.get("V").as_deref(), Some("lost by the store"));
}

/// There is no project where there is no directory, and no message at each prompt.
#[test]
fn a_directory_that_is_removed_under_the_shell_is_left() {
    let place = Place::new();
    let project = place.project("a", &[("V", "1")]);
    place.allow(&project);
    let below = project.join("below");
    std::fs::create_dir(&below).expect("a directory");
    let mut terminal = open(&place);
    terminal.cd(&below);
    terminal.await_value("V", Some("1"));
    std::fs::remove_dir(&below).expect("it goes");
    terminal.line("");
    terminal.await_value("V", None);
    assert_eq!(told(&terminal, "no directory"), 0, "{}", terminal.screen());
}
