//! `--impure`: what a pure evaluation refuses is let through.

mod common;
mod nixlib_help;

use nixlib_help::Case;

/// The environment's variables, with `--impure` and this NIX_PATH.
fn environment(case: &Case, nix_path: &str) -> String {
    common::success(
        case.world
            .cargo_nix()
            .args(["env", "--print", "--quiet", "--impure"])
            .env("NIX_PATH", nix_path)
            .current_dir(&case.project),
    )
}

#[test]
fn what_nix_path_names_is_found() {
    let case = Case::new(&[(
        "crate-env.nix",
        "{ rust }: { env.A = (import <thing>).a; env.B = import <below/b.nix>; }\n",
    )]);
    let thing = case
        .world
        .write("elsewhere/default.nix", "{ a = \"of NIX_PATH\"; }\n");
    case.world.write("more/below/b.nix", "\"too\"\n");
    let directory = |path: &std::path::Path| path.parent().expect("a directory").display().to_string();
    let nix_path = format!(
        "thing={}:{}",
        directory(&thing),
        case.world.path().join("more").display()
    );
    let shown = environment(&case, &nix_path);
    assert!(
        shown.contains("A='of NIX_PATH'") && shown.contains("B='too'"),
        "{shown}"
    );
}

#[test]
fn what_lies_beside_the_project_is_found() {
    let case = Case::new(&[("crate-env.nix", "{ rust }: { env = import ../beside.nix; }\n")]);
    case.world.write(
        "beside.nix",
        "{ A = builtins.readFile ./data; B = toString ./project; }\n",
    );
    case.world.write("data", "read");
    let shown = environment(&case, "");
    let project = case.project.canonicalize().expect("the project");
    assert!(shown.contains("A='read'"), "{shown}");
    assert!(shown.contains(&format!("B='{}'", project.display())), "{shown}");
}

/// A fault has its place all the same, and the flake's output its inputs.
#[test]
fn places_and_pins_are_as_without() {
    let path = common::repository().join("tests/fixtures/package-set");
    let flake = format!(
        "{{\n  inputs.nixpkgs = {{ url = \"path:{}\"; flake = false; }};\n  outputs = {{ self, nixpkgs }}:\n    {{ cargoNix.x86_64-linux.pkgs = import nixpkgs {{ system = \"x86_64-linux\"; }}; }};\n}}\n",
        path.display()
    );
    let files = [
        ("crate-env.nix", "{ rust, hello }: { tools = [ hello ]; }\n"),
        ("flake.nix", &flake),
    ];
    let case = Case::locked(&[("nixpkgs", "package-set")], &files);
    assert!(environment(&case, "").contains("hello-2.12/bin"));
    case.world
        .write("project/crate-env.nix", "{ rust }:\n{ tool = [ ]; }\n");
    let mut command = case.world.cargo_nix();
    command
        .args(["env", "--print", "--impure"])
        .current_dir(&case.project);
    let output = common::run(&mut command);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("project/crate-env.nix:2:3") && told.contains("did you mean `tools`?"),
        "{told}"
    );
}
