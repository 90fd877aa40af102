//! `env`, `exec` and `develop` as a user meets them: exit codes, what goes to
//! which stream, what a command gets. The environment is a dump's, so that
//! nothing here needs Nix.

mod common;

use cargo_nix::env::Env;
use common::{World, both, run, success};
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn dump(world: &World, env: &Env) -> PathBuf {
    world.write("dump.json", &serde_json::to_string(env).expect("JSON"))
}

#[test]
fn a_misspelled_verb_is_told_with_the_right_one() {
    let world = World::new();
    let output = run(world.cargo_nix().arg("evn"));
    assert_eq!(output.status.code(), Some(2));
    let text = both(&output);
    assert!(text.contains("\'env\'") && !text.contains("deny"), "{text}");
}

fn simple() -> Env {
    Env {
        variables: [("GREETING".into(), "hello\nworld".into())].into(),
        ..Env::default()
    }
}

/// cargo-nix VERB --dump FILE, for `env`.
fn verb(world: &World, verb: &str, env: &Env) -> Command {
    let mut command = world.cargo_nix();
    command.arg(verb).arg("--dump").arg(dump(world, env));
    command
}

#[test]
fn standard_output_is_the_environment_and_nothing_else() {
    let world = World::new();
    let mut env = simple();
    env.variables.insert("not-a-name".into(), "x".into());
    let output = run(verb(&world, "env", &env).arg("--print"));
    assert!(output.status.success(), "{}", both(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "export GREETING='hello\nworld';\n"
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.starts_with("warning: variable \"not-a-name\" is left out"),
        "{stderr}"
    );
}

#[test]
fn a_failure_prints_nothing_on_standard_output() {
    let world = World::new();
    let file = world.write("broken.json", "{");
    let output = run(world.cargo_nix().args(["env", "--dump"]).arg(file));
    assert_eq!(output.status.code(), Some(4), "{}", both(&output));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not the dump of an environment"));
}

#[test]
fn cargo_finds_it_as_a_subcommand() {
    let world = World::new();
    let bin = PathBuf::from(env!("CARGO_BIN_EXE_cargo-nix"));
    let mut path = bin.parent().expect("a directory").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").expect("PATH is set"));
    let mut cargo = world.command("cargo");
    cargo
        .args(["nix", "env", "--dump"])
        .arg(dump(&world, &simple()))
        .env("PATH", path);
    assert_eq!(success(&mut cargo), "export GREETING='hello\nworld';\n");
}

#[test]
fn a_closed_pipe_is_success() {
    let world = World::new();
    let mut env = simple();
    env.variables
        .extend((0..20).map(|n| (format!("LONG{n}"), "x".repeat(50_000))));
    let mut child = verb(&world, "env", &env)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn github_files_are_appended_to() {
    let world = World::new();
    let (env_file, path_file) = (world.write("env", "OLD=1\n"), world.write("path", "/old\n"));
    let mut env = simple();
    env.prepend
        .insert("PATH".into(), vec!["/first".into(), "/second".into()]);
    for name in ["CI", "NODE_OPTIONS", "RUNNER_TEMP"] {
        env.variables.insert(name.into(), "ours".into());
    }
    let output = run(verb(&world, "env", &env)
        .args(["--format", "github"])
        .env("GITHUB_ENV", &env_file)
        .env("GITHUB_PATH", &path_file));
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{}",
        both(&output)
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let kept = said
        .matches("is left out: the runner keeps this name for itself")
        .count();
    assert_eq!(kept, 3, "{said}");
    // The runner puts each line before all others: the last one ends up first.
    assert_eq!(
        std::fs::read_to_string(path_file).expect("path"),
        "/old\n/second\n/first\n"
    );
    let text = std::fs::read_to_string(env_file).expect("env");
    let (head, rest) = text
        .strip_prefix("OLD=1\nGREETING<<")
        .expect("a here-document")
        .split_once('\n')
        .expect("lines");
    assert_eq!(rest, format!("hello\nworld\n{head}\n"));
}

#[test]
fn github_format_outside_of_a_job_names_the_variables() {
    let world = World::new();
    let output = run(verb(&world, "env", &simple())
        .args(["--format", "github"])
        .env("GITHUB_ENV", "/x"));
    assert_eq!(output.status.code(), Some(7));
    assert!(
        String::from_utf8_lossy(&output.stderr).starts_with("error: GITHUB_PATH is not set"),
        "{}",
        both(&output)
    );
}

#[test]
fn exec_gives_arguments_and_variables_byte_for_byte() {
    let world = World::new();
    let odd = OsStr::from_bytes(b"\xff\xfe it's");
    let mut command = verb(&world, "exec", &simple());
    command
        .args([
            "--",
            "sh",
            "-c",
            "printf '%s|' \"$GREETING\" \"$@\"",
            "sh",
            "--",
            "-x",
            "",
            "--dump",
        ])
        .arg(odd);
    let output = run(&mut command);
    assert!(output.status.success(), "{}", both(&output));
    assert_eq!(output.stdout, b"hello\nworld|--|-x||--dump|\xff\xfe it's|");
}

#[test]
fn exec_looks_commands_up_in_the_new_path() {
    let world = World::new();
    let tool = world.write("bin/greet", "#!/bin/sh\necho \"$GREETING\"\n");
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    let mut env = simple();
    env.prepend.insert(
        "PATH".into(),
        vec![world.path().join("bin").display().to_string()],
    );
    assert_eq!(
        success(verb(&world, "exec", &env).args(["--", "greet"])),
        "hello\nworld\n"
    );
}

#[test]
fn exec_ends_as_its_command_does() {
    let world = World::new();
    let end = |script: &str| run(verb(&world, "exec", &simple()).args(["--", "sh", "-c", script])).status;
    assert_eq!(end("exit 42").code(), Some(42));
    assert_eq!(end("kill -TERM $$").signal(), Some(15));
    // A shell that was started with SIGPIPE ignored could not be killed by it.
    assert_eq!(end("kill -PIPE $$").signal(), Some(13));
}

#[test]
fn exec_says_why_a_command_does_not_start() {
    let world = World::new();
    let plain = world.write("plain", "text");
    let script = world.write("script", "#!/no/such/interpreter\n");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    for (program, code, message) in [
        ("no-such-command".to_string(), 127, "command not found"),
        ("/no/such/file".to_string(), 127, "no such file"),
        (plain.display().to_string(), 126, "cannot be run"),
        (script.display().to_string(), 126, "its interpreter is not there"),
    ] {
        let output = run(verb(&world, "exec", &simple()).arg("--").arg(&program));
        assert_eq!(output.status.code(), Some(code), "{program}: {}", both(&output));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(message),
            "{program}: {}",
            both(&output)
        );
    }
}

#[test]
fn an_environment_too_big_to_start_anything_names_the_largest_variables() {
    let world = World::new();
    let mut env = simple();
    env.variables.insert("HUGE".into(), "x".repeat(1_000_000));
    let one = run(verb(&world, "exec", &env).args(["--", "true"]));
    env.variables = (0..70)
        .map(|n| (format!("BIG{n}"), "x".repeat(100_000 + n)))
        .collect();
    let many = run(verb(&world, "exec", &env).args(["--", "true"]));
    for (output, name) in [(one, "HUGE (1000006 bytes)"), (many, "BIG69 (100076 bytes)")] {
        assert_eq!(output.status.code(), Some(126), "{}", both(&output));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(name),
            "{}",
            both(&output)
        );
    }
}

/// An environment with a hook that shows whether it ran, and in what order.
fn with_hook(world: &World) -> Env {
    let mut env = simple();
    env.prepend.insert("PATH".into(), vec!["/ours".into()]);
    env.shell_hook =
        "export FROM_HOOK=\"it's $GREETING\"; unset DOOMED\nhooked() { echo function; }\n".into();
    world.write("home/.bashrc", "PATH=/users:$PATH\nGREETING=overwritten\n");
    env
}

#[test]
fn develop_in_bash_has_the_hook_and_the_users_bashrc() {
    let world = World::new();
    let env = with_hook(&world);
    let mut command = verb(&world, "develop", &env);
    // There is no terminal here: bash has to be told that it is interactive.
    command
        .args(["--", "/bin/bash", "-i"])
        .env("TMPDIR", world.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command
        .stderr(Stdio::piped())
        .env("PATH", "/usr/bin:/bin")
        .spawn()
        .expect("it starts");
    let script = "printf '%s|' \"$FROM_HOOK\" \"$GREETING\" \"$PATH\" \"$CARGO_NIX_DEVELOP\" \"${__cargo_nix_hook-none}\"; hooked\n";
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(script.as_bytes())
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let directory = world.path().canonicalize().expect("a directory");
    let expected = format!(
        "it's hello\nworld|hello\nworld|/ours:/users:/ours:/usr/bin:/bin|{}|none|function\n",
        directory.display()
    );
    assert_eq!(text, expected, "{}", both(&output));
    let left: Vec<_> = std::fs::read_dir(world.path())
        .expect("a directory")
        .flatten()
        .map(|e| e.file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with("cargo-nix-")),
        "{left:?}"
    );
}

#[test]
fn develop_leaves_no_file_when_the_shell_does_not_start() {
    let world = World::new();
    let temporary = world.path().join("tmp");
    std::fs::create_dir(&temporary).expect("a directory");
    let mut command = verb(&world, "develop", &with_hook(&world));
    command
        .args(["--", "/nonexistent/bash", "-i"])
        .env("TMPDIR", &temporary);
    assert_eq!(run(&mut command).status.code(), Some(127));
    assert_eq!(std::fs::read_dir(&temporary).expect("the directory").count(), 0);
}

#[test]
fn develop_passes_on_what_the_hook_exported_to_other_shells_and_commands() {
    let world = World::new();
    let env = with_hook(&world);
    let show = "printf '%s|' \"$FROM_HOOK\" \"${DOOMED-gone}\" \"${SHLVL-none}\"";
    let expected = "it's hello\nworld|gone|5|";
    for start in [
        &["--command", "sh", "-c", show][..],
        &["--", "zsh", "-f", "-c", show],
    ] {
        let mut command = verb(&world, "develop", &env);
        command.args(start).env("DOOMED", "x").env("SHLVL", "5");
        let text = success(&mut command);
        // zsh counts itself.
        assert_eq!(text.replace("|6|", "|5|"), expected, "{start:?}");
    }
}

#[test]
fn develop_says_when_the_hook_ends_bash() {
    let world = World::new();
    let mut env = simple();
    for hook in ["exit 3", "true\nif"] {
        env.shell_hook = hook.into();
        let output = run(verb(&world, "develop", &env).args(["--command", "true"]));
        assert_eq!(output.status.code(), Some(4), "{}", both(&output));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("the shellHook ended bash"),
            "{}",
            both(&output)
        );
    }
}

#[test]
fn develop_inside_develop_says_so() {
    let world = World::new();
    let mut command = verb(&world, "develop", &simple());
    let output = run(command
        .env("CARGO_NIX_DEVELOP", "/outer")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::null()));
    assert!(output.status.success(), "{}", both(&output));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .starts_with("note: this is a shell inside `cargo-nix develop` of /outer"),
        "{}",
        both(&output)
    );
}
