//! Where a project begins, and which layers it has.

mod common;
mod inputs_help;

use cargo_nix::error::Error;
use cargo_nix::project::Project;
use inputs_help::Fixture;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Root and layers of the project of `start`, relative to the fixture.
fn find(fixture: &Fixture, start: &str) -> (String, Vec<String>) {
    let project =
        Project::find_below(Some(&fixture.directory.join(start)), Some(&fixture.world.home())).unwrap();
    let top = fixture.directory.canonicalize().unwrap();
    let name = |path: &Path| {
        path.strip_prefix(&top).map_or_else(
            |_| format!("outside: {}", path.display()),
            |p| p.display().to_string(),
        )
    };
    (
        name(&project.root),
        project.layers.iter().map(|layer| name(layer)).collect(),
    )
}

fn expect(fixture: &Fixture, start: &str, root: &str, layers: &[&str]) {
    let (found_root, found_layers) = find(fixture, start);
    assert_eq!(
        (
            found_root.as_str(),
            found_layers.iter().map(String::as_str).collect::<Vec<_>>()
        ),
        (root, layers.to_vec()),
        "from {start:?}"
    );
}

#[test]
fn members_are_laid_over_the_directories_above_up_to_the_workspace() {
    let fixture = Fixture::new(&[
        ("crate-env.nix", ""),
        ("w/crate-env.nix", ""),
        (
            "w/Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"out\"]\n",
        ),
        ("w/crates/crate-env.nix", ""),
        ("w/crates/a/Cargo.toml", "[package]\n"),
        ("w/crates/a/crate-env.nix", ""),
        ("w/crates/a/src/", ""),
        ("w/crates/b/Cargo.toml", "[package]\n"),
        ("w/out/Cargo.toml", "[package]\n"),
        ("w/out/crate-env.nix", ""),
        ("w/nested/Cargo.toml", "[workspace]\n"),
        ("w/nested/crate-env.nix", ""),
        ("w/elsewhere/Cargo.toml", "[package]\nworkspace = \"../nested\"\n"),
        ("w/elsewhere/crate-env.nix", ""),
        ("plain/crate-env.nix", ""),
    ]);
    expect(&fixture, "w/crates/a/src", "w", &["w", "w/crates", "w/crates/a"]);
    expect(&fixture, "w/crates/b", "w", &["w", "w/crates"]);
    expect(&fixture, "w", "w", &["w"]);
    expect(&fixture, "w/out", "w/out", &["w/out"]);
    expect(&fixture, "w/nested", "w/nested", &["w/nested"]);
    expect(&fixture, "w/elsewhere", "w/elsewhere", &["w/elsewhere"]);
    expect(&fixture, "plain", "plain", &["plain"]);
}

#[test]
fn pins_and_the_toolchain_file_raise_the_root_as_far_as_the_repository() {
    let fixture = Fixture::new(&[
        ("flake.nix", ""),
        ("repo/.git/", ""),
        ("repo/rust-toolchain", ""),
        ("repo/a/flake.lock", ""),
        ("repo/a/b/crate-env.nix", ""),
        ("bare/.git/", ""),
        ("bare/crate-env.nix", ""),
    ]);
    expect(&fixture, "repo/a/b", "repo", &["repo/a/b"]);
    expect(&fixture, "bare", "bare", &["bare"]);
    let project = Project::find_below(Some(&fixture.directory.join("repo/a/b")), None).unwrap();
    assert!(project.pins.unwrap().ends_with("repo/a"));
    assert!(project.rust_toolchain.unwrap().ends_with("repo"));
}

#[test]
fn home_and_shared_directories_above_do_not_speak_for_a_project() {
    let fixture = Fixture::new(&[
        ("shared/flake.nix", ""),
        ("shared/crate-env.nix", ""),
        ("shared/p/crate-env.nix", ""),
    ]);
    std::fs::set_permissions(
        fixture.directory.join("shared"),
        std::fs::Permissions::from_mode(0o1777),
    )
    .unwrap();
    expect(&fixture, "shared/p", "shared/p", &["shared/p"]);
    expect(&fixture, "shared", "shared", &["shared"]);

    let home = fixture.world.home();
    inputs_help::write(&home, "flake.nix", "");
    inputs_help::write(&home, "q/crate-env.nix", "");
    let project = Project::find_below(Some(&home.join("q")), Some(&home)).unwrap();
    assert_eq!(project.root, home.join("q").canonicalize().unwrap());
    inputs_help::write(&home, "crate-env.nix", "");
    let project = Project::find_below(Some(&home), Some(&home)).unwrap();
    assert_eq!(
        project.root,
        home.canonicalize().unwrap(),
        "unless the project is there"
    );
}

#[test]
fn without_a_project_the_search_is_named() {
    let fixture = Fixture::new(&[("a/b/", "")]);
    let start = fixture.directory.join("a/b");
    let error = Project::find_below(Some(&start), None).unwrap_err();
    assert!(matches!(error, Error::NoProject { .. }));
    assert_eq!(error.exit_code(), 3);
    let error = Project::find_below(Some(&fixture.directory.join("nowhere")), None).unwrap_err();
    assert!(matches!(error, Error::NoDirectory { .. }), "{error}");
    assert_eq!(error.exit_code(), 7);
}
