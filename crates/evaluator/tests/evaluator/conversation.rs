use crate::world::{World, events, line};
use cargo_nix_protocol::{Answer, Ask, Event, Failure, FailureKind, Settings};

fn failure(event: &Event) -> &Failure {
    match event {
        Event::Failure(failure) => failure,
        other => panic!("no failure but {other:?}"),
    }
}

#[test]
fn one_process_serves_many_requests() {
    let world = World::new();
    world.write("project/crate-env.nix", "{ ... }: { text = \"1\"; }");
    let first = line(Settings::default(), Ask::Env(world.env_ask()));
    world.write("project/crate-env.nix", "{ ... }: { text = \"2\"; }");
    let second = line(Settings::default(), Ask::Env(world.env_ask()));
    // The snapshot of the first is gone: a failure in between changes nothing.
    let output = world.converse(&format!("{first}{second}\n{second}"));
    let outcomes: Vec<_> = events(&output)
        .into_iter()
        .filter(|event| !matches!(event, Event::Progress(_)))
        .collect();
    let [first, second, third] = outcomes.as_slice() else {
        panic!("{outcomes:?}")
    };
    assert!(failure(first).message.contains("NAR hash mismatch"), "{first:?}");
    assert_eq!(second, third);
    assert!(
        matches!(second, Event::Answer(answer) if matches!(**answer, Answer::Env(ref env) if env.dump == "2"))
    );
}

#[test]
fn what_is_no_request_is_told() {
    let world = World::new();
    let output = world.converse("{\"version\":1,\nnonsense\n\u{1}\u{2}\n{\"version\":999}\n");
    assert!(output.status.success());
    let events = events(&output);
    assert_eq!(events.len(), 4);
    for event in &events {
        assert_eq!(failure(event).kind, FailureKind::Internal);
    }
    assert!(failure(&events[3]).message.contains("version 999"), "{events:?}");
}

#[test]
fn settings_hold_for_the_whole_process() {
    let world = World::new();
    let impure = Settings {
        impure: true,
        ..Settings::default()
    };
    let output = world.converse(&format!(
        "{}{}",
        line(Settings::default(), Ask::Probe),
        line(impure, Ask::Probe)
    ));
    let events = events(&output);
    assert!(matches!(events[0], Event::Answer(_)));
    assert_eq!(failure(&events[1]).kind, FailureKind::Internal);
}

/// Builders and `builtins.trace` cannot reach standard output or error.
#[test]
fn nothing_but_events_leaves_the_process() {
    let world = World::with_own_store();
    let crate_env = r#"{ derive, ... }: {
        text = builtins.trace "{\"event\":\"answer\"}" "${derive "loud" "echo out; echo err >&2; echo > $out"}";
    }"#;
    world.write("project/crate-env.nix", crate_env);
    let output = world.converse(&line(Settings::default(), Ask::Env(world.env_ask())));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let events = events(&output);
    let outcomes = events.iter().filter(|event| !matches!(event, Event::Progress(_)));
    assert_eq!(outcomes.count(), 1, "{events:#?}");
}

#[test]
fn a_store_that_cannot_be_made_is_told() {
    let world = World::new();
    let file = world.write("file", "");
    let mut command = world.command(env!("CARGO_BIN_EXE_cargo-nix-eval"));
    command
        .env("NIX_STORE_DIR", file.join("store"))
        .env("NIX_STATE_DIR", file.join("state"));
    let request = world.write("request", &line(Settings::default(), Ask::Probe));
    let output = command
        .stdin(std::fs::File::open(request).expect("the request"))
        .output()
        .expect("it starts");
    let events = events(&output);
    assert_eq!(failure(&events[0]).kind, FailureKind::Store, "{events:?}");
    assert_eq!(failure(&events[0]).doing, "opening the store");
}
