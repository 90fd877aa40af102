//! Jobs that die: shells are told by themselves, and nothing is tried for ever.

mod common;
mod direnv_help;

use cargo_nix::background::{Desk, Phase, Status};
use cargo_nix::cache::Cache;
use common::{both, run};
use direnv_help::{Session, desk, eventually, is_alive, job, kill, shell, shell_with, status};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An evaluator that runs `script` first, then is the real one.
fn evaluator(session: &mut Session, script: &str) {
    let text = format!("{script}\nexec '{}' \"$@\"", common::evaluator().display());
    let program = session.world.script("odd-evaluator", &text);
    session
        .variables
        .insert("CARGO_NIX_EVAL".into(), Some(program.into_os_string()));
}

/// Has direnv load at the next prompt; it compares whole seconds.
fn touch(session: &Session, seconds: u64) {
    let envrc = std::fs::File::open(session.directory.join(".envrc")).expect("it is there");
    let later = SystemTime::now() + Duration::from_secs(seconds);
    envrc.set_modified(later).expect("a touch");
}

/// The desk of the one project, as the library sees it.
fn open_desk(session: &Session) -> Desk {
    let id = desk(session).file_name().expect("an id").to_owned();
    Desk::of(
        &Cache::new(session.world.cache()),
        id.to_str().expect("hexadecimal"),
    )
}

#[test]
fn a_job_that_dies_without_a_word_leaves_no_shell_waiting_for_ever() {
    let mut session = Session::with(&shell("at last"));
    let go = session.world.path().join("go");
    evaluator(
        &mut session,
        &format!("[ -e '{}' ] || exec sleep 3600", go.display()),
    );
    session.prompt();
    let pid = job(&session);
    session.until_quiet();
    assert_eq!(session.status().as_deref(), Some("building"));
    kill(pid);
    std::fs::write(go, "").expect("a file");
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("at last"));
}

#[test]
fn a_job_that_cannot_start_is_told_and_nothing_is_tried_for_ever() {
    let mut session = Session::with(&shell("hindered"));
    session.prompt();
    session.until("ready");
    session.until_quiet();
    let lock = open_desk(&session).lock();
    std::fs::remove_file(&lock).expect("the lock");
    // What no job can open.
    std::fs::create_dir(&lock).expect("a directory");
    session.write("crate-env.nix", &shell("hindered no more"));
    session.prompt();
    session.until("failed");
    assert!(
        session.said.contains("ends before it is done"),
        "{}",
        session.said
    );
    assert_eq!(session.get("GREETING").as_deref(), Some("hindered"));
    session.until_quiet();
    let report = status(&session);
    assert_eq!(
        (report["state"].as_str(), report["working"].as_bool()),
        (Some("failed"), Some(false)),
        "{report}"
    );
    assert!(
        report["message"]
            .as_str()
            .is_some_and(|text| text.contains("is gone")),
        "{report}"
    );
    std::fs::remove_dir(&lock).expect("it goes");
    session.write("crate-env.nix", &shell("free"));
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("free"));
}

#[test]
fn a_job_that_dies_at_its_work_again_and_again_is_not_started_at_each_prompt() {
    let mut session = Session::with(&shell("deadly"));
    let log = session.world.path().join("deaths");
    // The job is the parent of the one that started us.
    let script = format!(
        "echo >>'{}'; kill -9 $(ps -o ppid= -p $PPID); exec sleep 3600",
        log.display()
    );
    evaluator(&mut session, &script);
    session.prompt();
    session.until("failed");
    assert!(
        session.said.contains("ends before it is done"),
        "{}",
        session.said
    );
    session.until_quiet();
    let deaths = || std::fs::read_to_string(&log).expect("deaths").lines().count();
    let before = deaths();
    for _ in 0..20 {
        assert!(!session.prompt(), "{}", session.said);
    }
    assert_eq!(deaths(), before);
    assert!(before <= 4, "{before} jobs");
    // Whoever asks for it by name gets it, or is told what is wrong.
    session.variables.remove(std::ffi::OsStr::new("CARGO_NIX_EVAL"));
    common::success(session.program("cargo-nix").args(["env", "--print", "--quiet"]));
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"));
}

#[test]
fn a_failure_is_tried_again_after_a_while_and_by_whoever_asks_for_it() {
    // What fails has nothing to do with the inputs: a network, a full disk.
    let mut session = Session::with(&shell("later"));
    let bad = session.world.path().join("bad");
    std::fs::write(&bad, "").expect("a file");
    evaluator(&mut session, &format!("[ ! -e '{}' ] || exit 1", bad.display()));
    session.prompt();
    session.until("failed");
    session.until_quiet();
    std::fs::remove_file(bad).expect("it heals");
    touch(&session, 5);
    assert!(session.prompt(), "a load");
    assert_eq!(session.status().as_deref(), Some("failed"), "not at each load");

    let open = open_desk(&session);
    let last = open.read().expect("a report");
    assert!(matches!(last.phase, Phase::Failed { .. }), "{last:?}");
    let ago = SystemTime::now() - Duration::from_secs(660);
    let at = ago.duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64;
    open.write(&Status {
        at,
        began: at,
        ..last
    })
    .expect("an older report");
    touch(&session, 10);
    session.prompt();
    session.until("ready");
    assert_eq!(session.get("GREETING").as_deref(), Some("later"));
}

#[test]
fn nothing_goes_on_when_the_work_is_done() {
    let mut session = Session::with(&shell("done"));
    let wait = session.world.path().join("wait");
    std::fs::write(&wait, "").expect("a file");
    let script = format!("while [ -e '{}' ]; do sleep 0.1; done", wait.display());
    evaluator(&mut session, &script);
    session.prompt();
    let pid = job(&session);
    std::fs::remove_file(wait).expect("it goes on");
    session.until("ready");
    eventually("the job ends", || !is_alive(pid));
    let place = session.world.path().display().to_string();
    let ours = || {
        let output = run(std::process::Command::new("ps").args(["-eo", "args="]));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().any(|line| line.contains(&place))
    };
    eventually("no process of this project is left", || !ours());
}

#[test]
fn an_edit_at_the_end_of_a_job_is_not_lost() {
    let mut session = Session::with(&shell("0"));
    session.until("ready");
    let stamp = desk(&session).join("stamp");
    let changed = || std::fs::metadata(&stamp).and_then(|stamp| stamp.modified()).ok();
    for round in 1..=8 {
        let before = changed();
        session.write("crate-env.nix", &shell(&format!("{round}, first")));
        session.prompt();
        // The job rings, looks once more, gives its lock back, and ends: this
        // edit comes at some point of that, a different one in each round.
        let end = std::time::Instant::now() + Duration::from_secs(120);
        while changed() == before {
            assert!(std::time::Instant::now() < end, "the job rings");
        }
        std::thread::sleep(Duration::from_millis(round));
        session.write("crate-env.nix", &shell(&format!("{round}, last")));
        session.prompt();
        let end = std::time::Instant::now() + Duration::from_secs(120);
        while session.get("GREETING") != Some(format!("{round}, last")) {
            assert!(
                std::time::Instant::now() < end,
                "the edit is lost in round {round}: {}",
                both(&run(session.program("cargo-nix").arg("status")))
            );
            std::thread::sleep(Duration::from_millis(50));
            session.prompt();
        }
        assert_eq!(session.status().as_deref(), Some("ready"));
    }
}

/// The same as with the hooks: what an environment says of where things are is for
/// what runs in it, not for those who look at its project.
#[test]
fn a_project_that_sets_where_things_are_is_seen_from_outside() {
    // Not XDG_DATA_HOME: direnv keeps its own permissions there.
    let elsewhere = "env.XDG_CACHE_HOME = \"/nonexistent/cache\"; env.RUSTUP_HOME = \"/nonexistent/rustup\"; \
                     env.NIX_CONF_DIR = \"/nonexistent/nix\";";
    let mut session = Session::with(&shell_with("at rest", elsewhere));
    let before = session.all();
    session.until("ready");
    assert_eq!(session.get("RUSTUP_HOME").as_deref(), Some("/nonexistent/rustup"));
    session.until_quiet();
    let counter = session.counting();
    assert_eq!(status(&session)["state"], "ready");
    let text = common::success(session.program("cargo-nix").args(["env", "--print"]));
    assert!(
        text.contains("export XDG_CACHE_HOME='/nonexistent/cache'"),
        "{text}"
    );
    common::success(session.program("cargo-nix").args(["exec", "--", "true"]));
    assert!(counter.started().is_empty(), "nothing is evaluated again");
    // What the .envrc itself says counts for the load, and so for what is typed.
    let cache = session.world.path().join("another cache");
    session.envrc(&format!(
        "export XDG_CACHE_HOME='{}'\nuse cargo-nix --wait\n",
        cache.display()
    ));
    session.prompt();
    assert_eq!(session.status().as_deref(), Some("ready"), "{}", session.said);
    assert!(cache.join("cargo-nix/slots").exists());
    assert_eq!(status(&session)["state"], "ready");

    session.directory = session.world.path().to_path_buf();
    session.prompt();
    session.variables.remove(std::ffi::OsStr::new("CARGO_NIX_EVAL"));
    assert_eq!(session.all(), before);
}

/// A machine that has changed is looked at for a second: by the job, not by a prompt.
#[test]
fn a_prompt_does_not_wait_for_a_look_at_a_machine_that_has_changed() {
    let mut session = Session::with(&shell("kept"));
    session.until("ready");
    session.until_quiet();
    let sentinel = session.world.cache().join("host/sentinel");
    std::fs::remove_file(&sentinel).expect("the machine is known");
    // No job can begin.
    let lock = std::fs::File::open(open_desk(&session).lock()).expect("the lock");
    lock.lock().expect("no job is at work");
    touch(&session, 5);
    assert!(session.prompt());
    assert_eq!(session.status().as_deref(), Some("stale"), "{}", session.said);
    assert_eq!(session.get("GREETING").as_deref(), Some("kept"));
    assert!(!sentinel.exists(), "the prompt has looked at the machine itself");
    lock.unlock().expect("it is given back");
    session.until("ready");
    assert!(sentinel.exists());
}
