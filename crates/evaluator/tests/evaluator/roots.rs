use crate::world::{World, success};
use std::path::Path;

#[test]
fn the_collector_keeps_what_has_a_root() {
    let world = World::with_own_store();
    let input = world
        .write("input/file", "an input")
        .parent()
        .map(Path::to_path_buf)
        .expect("a directory");
    let input = success(world.nix("nix-store").arg("--add").arg(input))
        .trim()
        .to_owned();
    let crate_env = format!(
        "{{ derive, ... }}: {{ text = \"${{derive \"dep\" \"echo > $out\"}}\"; inputs = [ \"{input}\" ]; }}"
    );
    let answer = world.env(&crate_env).expect("an environment");
    assert_eq!(answer.inputs, [input.as_str()]);
    let dependency = answer.dump.clone();

    success(world.nix("nix-store").arg("--gc"));
    for path in [&answer.path, &dependency, &input] {
        assert!(Path::new(path).exists(), "{path} was collected");
    }
    assert_eq!(
        std::fs::read_link(world.path("roots/env")).expect("a link"),
        Path::new(&answer.path)
    );
    assert_eq!(
        std::fs::read_link(world.path("roots/input-0")).expect("a link"),
        Path::new(&input)
    );

    std::fs::remove_dir_all(world.path("roots")).expect("the roots go");
    success(world.nix("nix-store").arg("--gc"));
    for path in [&answer.path, &dependency, &input] {
        assert!(!Path::new(path).exists(), "{path} stays without a root");
    }
}

/// The same key again, with fewer inputs.
#[test]
fn roots_of_inputs_that_are_not_wanted_any_more_go() {
    let world = World::new();
    world.write("roots/.keep", "");
    std::os::unix::fs::symlink("/nowhere", world.path("roots/input-7")).expect("a link");
    world.env("{ ... }: { text = \"\"; }").expect("an environment");
    let mut names: Vec<_> = std::fs::read_dir(world.path("roots"))
        .expect("roots")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(names, [".keep", "env"]);
}
