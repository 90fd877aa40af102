//! `cargo-nix config`: what starts outside of the environment builds as inside,
//! and what was written is taken out without a trace.

mod common;

use common::units::cargo_home;
use common::{World, both, run, success};
use std::path::Path;
use std::process::{Command, Output};

fn config(world: &World, project: &Path, what: &str) -> Output {
    let mut command = world.cargo_nix();
    run(command
        .args(["config", what, "--quiet", "--project"])
        .arg(project))
}

fn done(output: &Output) {
    assert!(output.status.success(), "{}", both(output));
}

/// cargo of the machine, as an editor starts it.
fn outside(world: &World, project: &Path) -> Command {
    let mut command = world.command("cargo");
    command
        .current_dir(project)
        .env("CARGO_HOME", cargo_home())
        .env("CARGO_NIX_DEBUG", "1");
    command
}

/// The lines about units that are not the project's own.
fn local(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_told = |line: &&str| line.starts_with("cargo-nix: ") && !line.contains("member of the workspace");
    text.lines().filter(is_told).map(str::to_owned).collect()
}

#[test]
fn outside_is_as_inside_until_it_is_taken_out() {
    let world = World::new();
    let project = world.project("examples/pure", "project");
    let file = project.join(".cargo/config.toml");
    let theirs = "# mine\n[build] # theirs\njobs = 2\n\n[alias]\nb = \"build\"";
    world.write("project/.cargo/config.toml", theirs);
    done(&config(&world, &project, "--print"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);

    done(&config(&world, &project, "--write"));
    let written = std::fs::read_to_string(&file).unwrap();
    for part in ["# mine\n[build] # theirs\n", "jobs = 2\n\n[alias]\nb = \"build\""] {
        assert!(written.contains(part), "{part}:\n{written}");
    }
    let output = run(outside(&world, &project).args(["build", "--locked"]));
    done(&output);
    assert_eq!(local(&output), Vec::<String>::new());
    let told = success(world.cargo_nix().args(["stats", "--json"]));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let sums = &told["builds"][0]["sums"];
    assert!(
        sums["hits"].as_u64().unwrap() + sums["built"].as_u64().unwrap() > 0,
        "{sums}"
    );

    // Twice is once.
    done(&config(&world, &project, "--write"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    done(&config(&world, &project, "--remove"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
    done(&config(&world, &project, "--remove"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);

    // A file that was not there is not there afterwards.
    std::fs::remove_dir_all(project.join(".cargo")).unwrap();
    done(&config(&world, &project, "--write"));
    assert!(file.is_file());
    done(&config(&world, &project, "--remove"));
    assert!(!project.join(".cargo").exists());

    // A wrapper in the same file is the user's.
    let theirs = "[build]\nrustc-wrapper = \"sccache\"\n";
    world.write("project/.cargo/config.toml", theirs);
    let output = config(&world, &project, "--write");
    assert_eq!(output.status.code(), Some(4), "{}", both(&output));
    assert!(
        both(&output).contains("it has a build.rustc-wrapper of its own"),
        "{}",
        both(&output)
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
}
