use crate::world::World;
use cargo_nix_protocol::{Answer, Ask, Event, ProgressKind, Settings};

#[test]
fn an_environment_is_realised_and_its_text_returned() {
    let world = World::new();
    let answer = world
        .env("{ ... }: { text = \"a\\nb\"; meta.crates = [ ]; }")
        .expect("an environment");
    assert_eq!(answer.dump, "a\nb");
    assert_eq!(answer.meta["crates"], serde_json::json!([]));
    assert_eq!(answer.warnings, Vec::<String>::new());
    assert_eq!(
        std::fs::read_to_string(&answer.path).expect("the file in the store"),
        "a\nb"
    );
}

#[test]
fn what_is_missing_is_asked_for_before_anything_else_is_forced() {
    let world = World::new();
    let item = r#"{ id = "x"; name = "rustc-1"; root = "/r"; files = [ "bin" ]; }"#;
    world.write(
        "project/crate-env.nix",
        &format!("{{ ... }}: {{ imports = [ {item} ]; text = throw \"no\"; }}"),
    );
    let answer = world.outcome(Settings::default(), Ask::Env(world.env_ask()));
    let Ok(Answer::NeedImports { items }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(
        (items[0].name.as_str(), items[0].files.as_slice()),
        ("rustc-1", ["bin".to_owned()].as_slice())
    );
}

#[test]
fn builds_are_counted_down() {
    let world = World::with_own_store();
    let crate_env = r#"{ derive, ... }:
        let one = derive "one" "echo from one; echo 1 > $out"; in
        { text = "${derive "two" "read -r x < ${one}; echo $x > $out"}"; }"#;
    world.write("project/crate-env.nix", crate_env);
    let events = world.ask(Settings::default(), Ask::Env(world.env_ask()));
    let steps: Vec<_> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::Progress(step) => Some((step.kind, step.what, step.left)),
            _ => None,
        })
        .collect();
    let wanted = [
        (ProgressKind::Evaluate, "crate-env.nix", None),
        (ProgressKind::Build, "one", Some(2)),
        (ProgressKind::Log, "from one", Some(2)),
        (ProgressKind::Build, "two", Some(1)),
        (ProgressKind::Build, "env", Some(0)),
    ];
    assert_eq!(
        steps,
        wanted.map(|(kind, what, left)| (kind, what.to_owned(), left))
    );
}

#[test]
fn warnings_of_the_evaluation_are_told() {
    let world = World::new();
    let crate_env =
        r#"{ ... }: { text = builtins.warn "old habit" "x"; meta.warnings = [ "unknown attribute" ]; }"#;
    let answer = world.env(crate_env).expect("an environment");
    assert_eq!(answer.warnings, ["unknown attribute", "old habit"]);
}

#[test]
fn problems_that_the_library_found_fail_with_their_place() {
    let world = World::new();
    let crate_env = r#"{ ... }: {
        text = throw "not reached";
        meta.problems = [ { message = "no attribute `tool`"; file = "crate-env.nix"; line = 3; column = 9; hint = "`tools`?"; } ];
    }"#;
    let failure = world.env(crate_env).expect_err("a failure");
    assert_eq!(failure.message, "no attribute `tool`");
    assert_eq!(failure.hint.as_deref(), Some("`tools`?"));
    let position = failure.position.expect("a place");
    assert_eq!(
        (position.file, position.line, position.column),
        (world.path("project/crate-env.nix"), 3, 9)
    );
}
