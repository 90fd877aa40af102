//! Errors of a project: what we were doing, the short message, the place in the
//! project, the way out. Each project is a directory of `fixtures/errors`.

use crate::hermetic::without_trace;
use crate::world::World;

fn golden(name: &str) {
    let world = World::new();
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/evaluator/fixtures/errors")
        .join(name);
    let text = std::fs::read_to_string(fixture.with_extension("nix")).expect("the fixture");
    let failure = world.env(&text).expect_err("a failure");
    let text = world.stable(&serde_json::to_string_pretty(&failure).expect("JSON"));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("error-{name}"), without_trace(&text));
    });
    assert!(failure.trace.expect("a trace").contains("error:"));
}

macro_rules! errors {
    ($($test:ident: $name:literal,)*) => { $(#[test] fn $test() { golden($name) })* };
}

errors! {
    a_syntax_error: "syntax",
    an_undefined_variable: "undefined-variable",
    a_missing_attribute: "missing-attribute",
    a_wrong_type: "wrong-type",
    a_throw: "throw",
    an_assertion: "assertion",
    an_infinite_recursion: "infinite-recursion",
    a_recursion_without_end: "endless-call",
    a_missing_import: "missing-import",
    a_missing_argument: "missing-argument",
    an_unexpected_argument: "unexpected-argument",
    a_failed_build: "failed-build",
    a_failed_build_during_evaluation: "failed-import",
    a_hash_mismatch: "hash-mismatch",
}
