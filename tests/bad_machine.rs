//! Faults of the machine: what cannot be read, written or started. Mounts are
//! made in a mount namespace of the one command that meets them.

mod bad_help;
mod common;

use bad_help::{env, failed, project, told};
use common::{World, both, evaluator, mounted, read_only, run, success};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A success that says something.
fn warned(world: &World, expected: &str, command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{}", both(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "{}",
        both(&output)
    );
    told(world, &output)
}

/// The environment of the same project as another user of the store has it. Without
/// a cache there is no index of units, so cargo is left alone.
fn expected(world: &World, project: &Path) -> String {
    let cache = world.path().join("another-cache");
    success(
        env(world, project)
            .env("XDG_CACHE_HOME", cache)
            .env("CARGO_NIX_UNITS", "0"),
    )
}

#[test]
fn a_store_that_cannot_be_written() {
    let world = World::with_own_store();
    let project = project(&world, "env.A = \"1\";");
    let first = success(&mut env(&world, &project));
    let store = world.path().join("store");
    // What is there is used; what is not cannot be made.
    let hit = run(&mut mounted(&read_only(&store), &env(&world, &project)));
    assert!(hit.status.success() && hit.stderr.is_empty(), "{}", both(&hit));
    assert_eq!(String::from_utf8_lossy(&hit.stdout), first);
    world.write("project/crate-env.nix", "{ system, ... }: { toolchain = derivation { name = \"other\"; inherit system; builder = \"/bin/sh\"; args = [ \"-c\" \"echo > $out\" ]; }; }");
    let miss = failed(&world, &mut mounted(&read_only(&store), &env(&world, &project)));
    insta::assert_snapshot!(miss);
}

#[test]
fn a_store_that_is_full() {
    let world = World::with_own_store();
    let project = project(&world, "env.A = \"${./data}\";");
    std::fs::write(project.join("data"), vec![b'x'; 8 << 20]).expect("a large file");
    let store = world.path().join("store");
    std::fs::create_dir_all(&store).expect("a mount point");
    let mounts = format!("mount -t tmpfs -o size=4m tmpfs '{}'", store.display());
    insta::assert_snapshot!(failed(&world, &mut mounted(&mounts, &env(&world, &project))));
}

#[test]
fn a_home_that_cannot_be_written() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let expected = expected(&world, &project);
    let mut command = mounted(&read_only(&world.home()), &env(&world, &project));
    insta::assert_snapshot!(warned(&world, &expected, &mut command));
}

#[test]
fn a_cache_that_is_a_file() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let expected = expected(&world, &project);
    world.write("home/.cache/cargo-nix", "not a directory\n");
    insta::assert_snapshot!(warned(&world, &expected, &mut env(&world, &project)));
}

#[test]
fn a_cache_that_cannot_be_written() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let expected = success(&mut env(&world, &project));
    let read_only = read_only(&world.cache());
    let hit = run(&mut mounted(&read_only, &env(&world, &project)));
    assert!(hit.status.success() && hit.stderr.is_empty(), "{}", both(&hit));
    assert_eq!(String::from_utf8_lossy(&hit.stdout), expected);
    let text = std::fs::read_to_string(project.join("crate-env.nix")).expect("crate-env.nix");
    std::fs::write(project.join("crate-env.nix"), text + "# changed\n").expect("an edit");
    let alone = success(env(&world, &project).env("CARGO_NIX_UNITS", "0"));
    let _ = std::fs::remove_dir_all(world.cache().join("slots"));
    let mut command = mounted(&read_only, &env(&world, &project));
    insta::assert_snapshot!(warned(&world, &alone, &mut command));
    let left = std::fs::read_dir(world.cache().join("snapshots")).expect("snapshots");
    assert_eq!(left.count(), 0);
}

#[test]
fn a_cache_that_is_full() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let expected = expected(&world, &project);
    std::fs::create_dir_all(world.cache()).expect("a mount point");
    let mounts = format!(
        "mount -t tmpfs -o size=4k tmpfs '{0}'; head -c 4096 /dev/zero > '{0}/filled'",
        world.cache().display()
    );
    let mut command = mounted(&mounts, &env(&world, &project));
    insta::assert_snapshot!(warned(&world, &expected, &mut command));
}

#[test]
fn neither_cache_nor_temporary_files() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let mut command = mounted(&read_only(world.path()), &env(&world, &project));
    command.env("TMPDIR", world.path());
    insta::assert_snapshot!(failed(&world, &mut command));
}

#[test]
fn a_crate_env_that_cannot_be_read() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let file = project.join("crate-env.nix");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).expect("a mode");
    let inner = env(&world, &project);
    let mut command = if rustix::process::geteuid().is_root() {
        // Root reads everything, unless it is told not to.
        let mut outer = world.command("setpriv");
        outer.args(["--bounding-set=-dac_override,-dac_read_search", "--"]);
        outer
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(&project);
        outer
    } else {
        inner
    };
    insta::assert_snapshot!(failed(&world, &mut command));
}

#[test]
fn no_rust() {
    let world = World::new();
    world.write(
        "project/crate-env.nix",
        "{ rust, ... }:\n{\n  toolchain = rust.default;\n  tools = [ rust.clippy ];\n}\n",
    );
    let project = world.path().join("project");
    let nowhere = world.path().join("no-rustup");
    insta::assert_snapshot!(failed(&world, env(&world, &project).env("RUSTUP_HOME", nowhere)));
}

#[test]
fn no_evaluator() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let program = Path::new(env!("CARGO_BIN_EXE_cargo-nix"));
    let alone = world.install(program, "bin/cargo-nix");
    let mut command = world.command(&alone);
    command.args(["env", "--print", "--quiet"]).current_dir(&project);
    insta::assert_snapshot!(failed(&world, command.env_remove("CARGO_NIX_EVAL")));
    let nowhere = world.path().join("nowhere");
    insta::assert_snapshot!(failed(
        &world,
        env(&world, &project).env("CARGO_NIX_EVAL", nowhere)
    ));
}

#[test]
fn an_evaluator_of_another_release() {
    let world = World::new();
    let project = project(&world, "env.A = \"1\";");
    let newer = format!(
        "sed -u 's/\"version\":[0-9]*/\"version\":0/' | '{}'",
        evaluator().display()
    );
    let with = |text: &str| {
        let program = world.script("evaluator", text);
        failed(&world, env(&world, &project).env("CARGO_NIX_EVAL", program))
    };
    insta::assert_snapshot!(with(&newer));
    insta::assert_snapshot!(with("read -r request; echo '{\"Tidings\":1}'"));
    insta::assert_snapshot!(with(
        "read -r request; echo 'libnixexprc.so: cannot open' >&2; exit 127"
    ));
}

/// libnix would end with a signal, and write below the directory at hand.
#[test]
fn places_that_are_no_absolute_paths() {
    let world = World::new();
    let project = world.project("examples/pure", "project");
    let output = run(world
        .cargo_nix()
        .args(["env", "--print"])
        .current_dir(&project)
        .env("NIX_STORE_DIR", "here"));
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{message}");
    assert!(
        message.contains("NIX_STORE_DIR is here, which is no absolute path"),
        "{message}"
    );
    let before = std::fs::read_dir(&project).expect("files").count();
    let output = run(world
        .cargo_nix()
        .args(["env", "--print"])
        .current_dir(&project)
        .env("XDG_CACHE_HOME", world.path().join("cache"))
        .env("HOME", "here"));
    assert!(output.status.success(), "{}", both(&output));
    assert_eq!(std::fs::read_dir(&project).expect("files").count(), before);
}
