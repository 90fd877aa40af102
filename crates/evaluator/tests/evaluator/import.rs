use crate::world::World;
use cargo_nix_protocol::{Ask, FailureKind, ImportAsk, Settings};
use std::path::Path;

fn toolchain(world: &World) {
    for file in [
        "bin/rustc",
        "bin/cargo",
        "lib/rustlib/std/a.rlib",
        "lib/rustlib/docs/index.html",
    ] {
        world.write(&format!("toolchain/{file}"), file);
    }
    std::os::unix::fs::symlink("rustc", world.path("toolchain/bin/rustdoc")).expect("a link");
}

fn listing(path: &str) -> Vec<String> {
    fn walk(top: &Path, path: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(path).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.is_symlink() {
                walk(top, &path, found);
            } else {
                found.push(
                    path.strip_prefix(top)
                        .expect("below")
                        .to_string_lossy()
                        .into_owned(),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new(path), Path::new(path), &mut found);
    found.sort();
    found
}

#[test]
fn only_what_is_named_is_imported() {
    let world = World::new();
    toolchain(&world);
    let path = world
        .import("toolchain", &["bin/rustc", "bin/rustdoc", "lib/rustlib/std"])
        .expect("an import");
    assert_eq!(
        listing(&path),
        ["bin/rustc", "bin/rustdoc", "lib/rustlib/std/a.rlib"]
    );
    assert!(path.ends_with("-thing-1"), "{path}");
}

/// By content: where it lies and what lies beside it does not count.
#[test]
fn the_same_content_is_the_same_path() {
    let world = World::new();
    toolchain(&world);
    world.write("elsewhere/bin/rustc", "bin/rustc");
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("linked")).expect("a link");
    let path = world.import("toolchain", &["bin/rustc"]).expect("an import");
    assert_eq!(
        path,
        world.import("elsewhere", &["bin/rustc"]).expect("an import")
    );
    assert_eq!(path, world.import("linked", &["bin/rustc"]).expect("an import"));
}

#[test]
fn pure_evaluation_can_use_what_was_imported() {
    let world = World::new();
    toolchain(&world);
    let path = world.import("toolchain", &["bin/rustc"]).expect("an import");
    let crate_env = format!(
        r#"{{ derive, ... }}:
        let it = builtins.appendContext "{path}" {{ "{path}" = {{ path = true; }}; }}; in
        {{ text = builtins.readFile (derive "use" "read -r line < ${{it}}/bin/rustc; printf %s \"$line\" > $out"); }}"#
    );
    // `read` fails at the end of a file without a newline, after having read it.
    assert_eq!(
        world
            .env(&crate_env.replace("; printf", " || :; printf"))
            .expect("an environment")
            .dump,
        "bin/rustc"
    );
}

#[test]
fn a_file_that_went_away_is_told() {
    let world = World::new();
    toolchain(&world);
    let failure = world
        .import("toolchain", &["bin/rustfmt"])
        .expect_err("a failure");
    assert_eq!(failure.kind, FailureKind::Store);
    assert!(failure.message.contains("bin/rustfmt"), "{}", failure.message);
}

#[test]
fn a_pure_evaluator_does_not_import() {
    let world = World::new();
    let failure = world.outcome(Settings::default(), Ask::Import(ImportAsk { items: vec![] }));
    assert_eq!(failure.expect_err("a failure").kind, FailureKind::Internal);
}
