//! Slots: one evaluation for a key however many ask, hits without an evaluator,
//! roots that the collector respects.
//!
//! That nothing is evaluated is shown by an evaluator that does not exist; how
//! often something is, by one that counts.

mod common;

use common::{World, both, evaluator, nix_program, run, success};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

/// A crate-env.nix whose environment has `A`; no toolchain of the machine's.
fn crate_env(a: &str) -> String {
    format!(
        "{{ system, ... }}:\n{{\n  toolchain = derivation {{\n    name = \"toolchain\";\n    inherit system;\n    \
         builder = \"/bin/sh\";\n    args = [ \"-c\" \"echo > $out\" ];\n  }};\n  env.A = \"{a}\";\n}}\n"
    )
}

fn project(world: &World, name: &str, a: &str) -> PathBuf {
    world.write(&format!("{name}/crate-env.nix"), &crate_env(a));
    world.path().join(name)
}

fn env(world: &World, project: &Path) -> Command {
    let mut command = world.cargo_nix();
    command.args(["env", "--print", "--quiet"]).current_dir(project);
    command
}

/// The environment, out of the cache or not at all.
fn cached(world: &World, project: &Path) -> String {
    success(env(world, project).env("CARGO_NIX_EVAL", "/nonexistent"))
}

/// That it is not in the cache.
fn missed(world: &World, project: &Path) {
    let output = run(env(world, project).env("CARGO_NIX_EVAL", "/nonexistent"));
    assert_eq!(output.status.code(), Some(7), "{}", both(&output));
}

/// An evaluator that writes a line to `<world>/evaluations`, runs `first` and
/// then is the real one.
fn counting(world: &World, first: &str) -> PathBuf {
    let log = world.path().join("evaluations");
    let text = format!(
        "echo evaluation >> '{}'\n{first}\nexec '{}' \"$@\"",
        log.display(),
        evaluator().display()
    );
    world.script("evaluator", &text)
}

fn evaluations(world: &World) -> usize {
    let log = std::fs::read_to_string(world.path().join("evaluations"));
    log.map_or(0, |text| text.lines().count())
}

/// Starts 32 at once; the evaluator that comes to run waits until all of them
/// are at the lock.
fn thirty_two(world: &World, project: &Path) -> Vec<Output> {
    // One test at a time, and a machine that was looked at already: the
    // processes are to wait for the lock, not for a processor.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock();
    let warm = crate::project(world, "warm", "warm");
    success(&mut env(world, &warm));
    let wait = format!(
        "n=0\nwhile [ \"$n\" -lt 1200 ] &&\n  [ \"$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c '{}/locks/')\" -lt 32 ]\ndo\n  \
         n=$((n + 1)); sleep 0.1\ndone",
        world
            .path()
            .canonicalize()
            .expect("the world")
            .join("home/.cache/cargo-nix")
            .display()
    );
    let program = counting(world, &wait);
    let start = || {
        env(world, project)
            .env("CARGO_NIX_EVAL", &program)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo-nix starts")
    };
    let children: Vec<_> = (0..32).map(|_| start()).collect();
    let wait = |child: std::process::Child| child.wait_with_output().expect("its output");
    children.into_iter().map(wait).collect()
}

#[test]
fn many_at_once_cause_one_evaluation() {
    let world = World::new();
    let project = project(&world, "project", "many");
    let outputs = thirty_two(&world, &project);
    assert_eq!(evaluations(&world), 1);
    for output in &outputs {
        assert!(output.status.success(), "{}", both(output));
        assert_eq!(output.stdout, outputs[0].stdout);
    }
    assert!(String::from_utf8_lossy(&outputs[0].stdout).contains("export A='many';"));
}

#[test]
fn many_at_once_share_one_failure() {
    let world = World::new();
    world.write("project/crate-env.nix", "{ ... }: throw \"no\"\n");
    let project = world.path().join("project");
    let outputs = thirty_two(&world, &project);
    assert_eq!(evaluations(&world), 1);
    for output in &outputs {
        assert_eq!(output.status.code(), Some(4), "{}", both(output));
        assert_eq!(output.stderr, outputs[0].stderr);
    }
    // Whoever comes later asks anew: it may have been the network.
    let program = world.path().join("evaluator");
    world.write("evaluations", "");
    counting(&world, "");
    run(env(&world, &project).env("CARGO_NIX_EVAL", program));
    assert_eq!(evaluations(&world), 1);
}

fn git(project: &Path, world: &World, arguments: &[&str]) {
    success(
        world
            .command("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(project),
    );
}

#[test]
fn a_branch_round_trip_and_touch_are_hits() {
    let world = World::new();
    let project = project(&world, "project", "main");
    git(&project, &world, &["init", "-q"]);
    git(&project, &world, &["add", "."]);
    git(&project, &world, &["commit", "-qm", "main"]);
    let first = success(&mut env(&world, &project));
    git(&project, &world, &["checkout", "-qb", "other"]);
    world.write("project/crate-env.nix", &crate_env("other"));
    git(&project, &world, &["commit", "-qam", "other"]);
    missed(&world, &project);
    let second = success(&mut env(&world, &project));
    assert!(second.contains("export A='other';"), "{second}");
    git(&project, &world, &["checkout", "-q", "main"]);
    assert_eq!(cached(&world, &project), first);
    git(&project, &world, &["checkout", "-q", "other"]);
    assert_eq!(cached(&world, &project), second);

    let file = std::fs::File::options()
        .write(true)
        .open(project.join("crate-env.nix"))
        .expect("crate-env.nix");
    for time in [SystemTime::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1)] {
        file.set_modified(time).expect("touched");
        assert_eq!(cached(&world, &project), second);
    }
}

#[test]
fn two_worktrees_of_the_same_inputs_share_a_slot() {
    let world = World::new();
    let project = project(&world, "project", "shared");
    git(&project, &world, &["init", "-q"]);
    git(&project, &world, &["add", "."]);
    git(&project, &world, &["commit", "-qm", "all"]);
    git(&project, &world, &["worktree", "add", "-q", "../other"]);
    let first = success(&mut env(&world, &project));
    assert_eq!(cached(&world, &world.path().join("other")), first);
}

/// `nix` among processes of its own: the collector looks for store paths in the
/// memory of all that it sees, and the machine's have nothing to do with it.
fn nix(world: &World, arguments: &[&str]) -> String {
    let configuration = "extra-experimental-features = nix-command\nbuild-hook =\nbuild-users-group =";
    success(
        world
            .command("unshare")
            .args(["-r", "--pid", "--fork", "--mount-proc"])
            .arg(nix_program())
            .env("NIX_CONFIG", configuration)
            .args(arguments),
    )
}

/// The one slot's root.
fn root(world: &World) -> PathBuf {
    let slots = std::fs::read_dir(world.cache().join("slots")).expect("slots");
    let slots: Vec<_> = slots
        .map(|slot| slot.expect("a slot").path().join("env"))
        .collect();
    let [root] = slots.as_slice() else {
        panic!("one slot, not {slots:?}")
    };
    root.clone()
}

#[test]
fn the_collector_takes_what_no_slot_holds() {
    let world = World::with_own_store();
    let project = project(&world, "project", "rooted");
    let first = success(&mut env(&world, &project));
    let environment = std::fs::read_link(root(&world)).expect("a root");
    let other = world.write("other", "of nobody");
    let other = nix(&world, &["store", "add-path", other.to_str().expect("UTF-8")]);
    let other = Path::new(other.trim());
    assert!(environment.exists() && other.exists());

    nix(&world, &["store", "gc"]);
    assert!(environment.exists() && !other.exists());
    assert_eq!(cached(&world, &project), first);

    // Without its root it goes, and comes back.
    std::fs::remove_file(root(&world)).expect("no root");
    nix(&world, &["store", "gc"]);
    assert!(!environment.exists());
    missed(&world, &project);
    assert_eq!(success(&mut env(&world, &project)), first);
    assert!(environment.exists());

    // It went though it was rooted, as on a store that was restored.
    let path = environment.to_str().expect("UTF-8");
    nix(&world, &["store", "delete", "--ignore-liveness", path]);
    missed(&world, &project);
    assert_eq!(success(&mut env(&world, &project)), first);
    assert!(environment.exists());
}

#[test]
fn the_last_five_slots_stay() {
    let world = World::new();
    let mut project_directory = PathBuf::new();
    for number in 0..7 {
        project_directory = project(&world, "project", &number.to_string());
        success(&mut env(&world, &project_directory));
    }
    let slots = || std::fs::read_dir(world.cache().join("slots")).expect("slots");
    for slot in slots() {
        // A young one may be in somebody's hands.
        let then = SystemTime::now() - cargo_nix::gc::STALE * 2;
        std::fs::File::open(slot.expect("a slot").path())
            .and_then(|slot| slot.set_modified(then))
            .expect("an old slot");
    }
    success(
        world
            .cargo_nix()
            .args(["gc", "--quiet"])
            .current_dir(&project_directory),
    );
    assert_eq!(slots().count(), cargo_nix::cache::KEPT_SLOTS);
    for number in (0..7).rev() {
        project(&world, "project", &number.to_string());
        if number >= 2 {
            let text = cached(&world, &project_directory);
            assert!(text.contains(&format!("export A='{number}';")), "{text}");
        } else {
            missed(&world, &project_directory);
        }
    }
}

/// The old content or the new one, never half of each; and what was evaluated
/// of the old one is not taken for the new one.
#[test]
fn an_edit_during_the_evaluation_is_not_half_seen() {
    let world = World::new();
    let with_b = |a: &str| crate_env(a).replace("env.A", "env.B = import ./b.nix;\n  env.A");
    world.write("project/crate-env.nix", &with_b("old"));
    world.write("project/b.nix", "\"old\"\n");
    let project = world.path().join("project");
    world.write("new/crate-env.nix", &with_b("new"));
    world.write("new/b.nix", "\"new\"\n");
    let new = world.path().join("new");
    let edit = format!(
        "cp '{0}'/crate-env.nix '{0}'/b.nix '{1}'",
        new.display(),
        project.display()
    );
    let program = counting(&world, &edit);
    let first = success(env(&world, &project).env("CARGO_NIX_EVAL", &program));
    let is = |text: &str, value: &str| {
        ["A", "B"]
            .iter()
            .all(|name| text.contains(&format!("export {name}='{value}';")))
    };
    assert!(is(&first, "old") || is(&first, "new"), "{first}");
    let second = success(&mut env(&world, &project));
    assert!(is(&second, "new"), "{second}");
    world.write("project/crate-env.nix", &with_b("old"));
    world.write("project/b.nix", "\"old\"\n");
    assert!(is(&success(&mut env(&world, &project)), "old"));
}

/// Between the import of a part of the machine and the evaluation that uses it,
/// nothing holds it in the store: one that was collected is imported again.
#[test]
fn an_import_that_is_collected_meanwhile_is_made_again() {
    let world = World::with_own_store();
    world.write(
        "project/crate-env.nix",
        "{ rust }: { toolchain = rust.minimal; }\n",
    );
    let collect = format!(
        "if [ \"$(wc -l < '{}')\" -eq 3 ]; then '{}' --delete \"$NIX_STORE_DIR\"/*-cargo-[0-9]* >&2 || exit 1; fi",
        world.path().join("evaluations").display(),
        nix_program().with_file_name("nix-store").display()
    );
    let program = counting(&world, &collect);
    success(env(&world, &world.path().join("project")).env("CARGO_NIX_EVAL", program));
    assert_eq!(
        evaluations(&world),
        6,
        "lacking, imported, collected, and once more"
    );
}

/// A store below a root of its own is another one, and refused, however well the
/// cache knows the project.
#[test]
fn a_store_in_a_root_of_its_own_is_no_hit() {
    let world = World::new();
    let project = project(&world, "project", "remote");
    success(&mut env(&world, &project));
    for usual in ["", "auto", "local"] {
        success(
            env(&world, &project)
                .env("NIX_REMOTE", usual)
                .env("CARGO_NIX_EVAL", "/nonexistent"),
        );
    }
    let remote = format!("local?root={}", world.path().join("root").display());
    let output = run(env(&world, &project).env("NIX_REMOTE", remote));
    assert_eq!(output.status.code(), Some(6), "{}", both(&output));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("where no shell looks\n  unset NIX_REMOTE"),
        "{told}"
    );
    let setting = format!("store = {}", world.path().join("root").display());
    std::fs::write(project.join("crate-env.nix"), "{ }: { }\n").expect("written");
    let output = run(env(&world, &project).env("NIX_CONFIG", &setting));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains(&format!("the setting `{setting}` keeps ")),
        "{told}"
    );
}
