//! Stores without a daemon: private ones, ones that cannot be written, and
//! machines that allow no sandbox.
#![cfg(target_os = "linux")]

mod common;
mod store_help;

use common::success;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use store_help::{HOST_SHELL, NOBODY, Place};

/// What `scripts/demo.sh` does for those who cannot write /nix/store.
#[test]
fn a_private_store_is_all_that_a_user_without_nix_needs() {
    let place = Place::new(HOST_SHELL);
    let private = |verb: &[&str]| {
        let mut command = place.run(NOBODY, "cargo-nix");
        let store = place.private_store(NOBODY, &mut command);
        (success(command.args(verb)), store)
    };
    let (first, store) = private(&["env", "--print", "--quiet"]);
    assert!(
        first.contains("FOO='bar'") && first.contains(store.to_str().expect("UTF-8")),
        "{first}"
    );
    assert_eq!(private(&["env", "--print", "--quiet"]).0, first);
    let (version, _) = private(&["exec", "--quiet", "--", "pkg-config", "--version"]);
    assert!(!version.is_empty());
    assert!(private(&["closure", "--quiet"]).0.contains("pkg-config"));

    let gcroots = store.with_file_name("var/nix/gcroots/auto");
    assert_eq!(fs::read_dir(gcroots).expect("roots").count(), 1);
}

/// Started in a mount namespace of its own, where /nix is empty.
const WITHOUT_NIX: &[&str] = &[
    "unshare",
    "--mount",
    "sh",
    "-c",
    "if [ -d /nix ]; then mount -t tmpfs none /nix; fi; exec \"$@\"",
    "sh",
];

fn on_the_machines_own_store(command: &mut Command) -> &mut Command {
    for name in ["NIX_STORE_DIR", "NIX_STATE_DIR", "NIX_LOG_DIR", "NIX_CONF_DIR"] {
        command.env_remove(name);
    }
    command.args(["env", "--print", "--quiet"])
}

#[test]
fn neither_root_nor_daemon_nor_a_store() {
    let place = Place::new(HOST_SHELL);
    let mut command = place.run_in(WITHOUT_NIX, NOBODY, "cargo-nix");
    insta::assert_snapshot!(place.refusal(on_the_machines_own_store(&mut command)));
}

#[test]
fn a_store_of_somebody_elses() {
    let place = Place::new(HOST_SHELL);
    success(&mut place.env(0));
    insta::assert_snapshot!(place.refusal(&mut place.env(NOBODY)));
}

#[test]
fn a_store_of_a_newer_nix() {
    let place = Place::new(HOST_SHELL);
    success(&mut place.env(0));
    let state = place.world.store_dir().with_file_name("var/nix");
    fs::write(state.join("db/schema"), "99").expect("a schema of the future");
    fs::remove_dir_all(place.home(0).join(".cache")).expect("an empty cache");
    insta::assert_snapshot!(place.refusal(&mut place.env(0)));
}

/// What is cached is served; what is not cannot be had, and says so.
#[test]
fn a_store_that_is_read_only() {
    let place = Place::new(HOST_SHELL);
    let first = success(&mut place.env(0));
    let nix = place.world.store_dir();
    let nix = nix.parent().expect("nix").to_str().expect("UTF-8");
    let script = format!("mount --bind '{nix}' '{nix}' && mount -o remount,ro,bind '{nix}' && exec \"$@\"");
    let read_only = || {
        let mut command = place.run_in(&["unshare", "--mount", "sh", "-c", &script, "sh"], 0, "cargo-nix");
        command.args(["env", "--print", "--quiet"]);
        command
    };
    assert_eq!(success(&mut read_only()), first);
    place.world.write(
        "project/crate-env.nix",
        "{ mkShell }: mkShell { FOO = \"new\"; }\n",
    );
    insta::assert_snapshot!(place.refusal(&mut read_only()));
}

/// `cargo-nix env` as `uid`, in a user namespace that has all users and in which
/// no other can be made; `before` stands before the change of user.
fn without_namespaces(place: &Place, before: &str, uid: u32) -> std::process::Output {
    // It waits for its maps, then starts anew to have the rights of its root.
    let inner = format!("echo 0 > /proc/sys/user/max_user_namespaces && exec {before} \"$@\"");
    let outer = "read go && exec sh -c \"$0\" sh \"$@\"";
    let mut command = place.run_in(
        &["unshare", "--user", "sh", "-c", outer, &inner],
        uid,
        "cargo-nix",
    );
    if uid != 0 {
        place.private_store(uid, &mut command);
    }
    command.args(["env", "--print"]).stdin(Stdio::piped());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("timeout starts");
    // `timeout` has one child, which is in the new namespace as soon as it is sh.
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let started = std::iter::repeat_with(|| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let pid = fs::read_to_string(&children)
            .unwrap_or_default()
            .trim()
            .to_owned();
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        (name.trim() == "sh").then_some(pid)
    });
    let pid = started.take(500).flatten().next().expect("unshare becomes sh");
    for map in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{pid}/{map}"), "0 0 65536\n").expect("root may map users");
    }
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"go\n")
        .expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// Nix's `sandbox-fallback` builds without a sandbox then.
#[test]
fn a_user_without_namespaces() {
    let place = Place::new(HOST_SHELL);
    let output = without_namespaces(&place, "", NOBODY);
    let both = common::both(&output);
    assert!(output.status.success() && both.contains("FOO='bar'"), "{both}");
}

#[test]
fn root_without_namespaces() {
    let place = Place::new(HOST_SHELL);
    let output = without_namespaces(&place, "setpriv --bounding-set=-sys_admin", 0);
    let both = common::both(&output);
    assert!(output.status.success() && both.contains("FOO='bar'"), "{both}");
}
