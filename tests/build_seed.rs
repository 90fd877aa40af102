//! What a build leaves for the next checkout of the same: cargo finds all of the
//! store fresh there, starts nothing for it, and the program is the same; whatever is
//! lost, cut off, or begun by several at once.

mod build_help;
mod common;

use build_help::seed::{PACKAGES, another, is_laid, program, seeded, told, told_all, unbuilt};
use build_help::{append, await_seeds, build, root_of, seeds, set};
use common::success;
use common::units::remove_target;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Fresh, the same program, the same units for `stats`, held from the collector; and
/// then nothing, and then what was edited.
#[test]
fn the_next_checkout_starts_nothing_of_the_store() {
    let (units, first) = seeded();
    let next = another(&units, &first, "elsewhere/next");
    let (compiled, fresh) = told(units.cargo(&next).arg("build"));
    assert_eq!(compiled, ["app"]);
    assert_eq!(fresh, PACKAGES);
    let laid = program(&next);
    root_of(&next.join("target"));
    assert_eq!(told(units.cargo(&next).arg("build")), (vec![], with("app")));

    append(&next.join("src/main.rs"), "// edited\n");
    assert_eq!(told(units.cargo(&next).arg("build")).0, ["app"]);
    success(units.cargo(&next).args(["clean", "-p", "serde"]));
    let again = build(&units, units.cargo(&next).arg("build"));
    assert_eq!(again.missed, set(&["app bin"]), "{again:?}");
    assert!(again.units.contains_key("serde run"), "{again:?}");

    // By asking for each.
    remove_target(&next);
    for seed in seeds(&units) {
        std::fs::remove_file(seed).unwrap();
    }
    std::fs::copy(first.join("src/main.rs"), next.join("src/main.rs")).unwrap();
    let asked = build(&units, units.cargo(&next).arg("build"));
    assert_eq!(program(&next), laid);

    // What is noted of units that are laid is what is noted of units that are asked for.
    await_seeds(&units, 1);
    remove_target(&next);
    let noted = build(&units, units.cargo(&next).arg("build"));
    assert_eq!(noted.units, asked.units);
    assert!(
        noted.missed.iter().all(|unit| unit.starts_with("app ")),
        "{noted:?}"
    );
    assert_eq!(program(&next), laid);
}

fn with(more: &str) -> Vec<String> {
    let mut names: Vec<String> = PACKAGES
        .iter()
        .chain([&more])
        .map(|name| (*name).to_owned())
        .collect();
    names.sort();
    names
}

/// What is not whole, not there, or not to be had any more is asked for.
#[test]
fn what_is_damaged_or_lost_is_asked_for() {
    let (units, first) = seeded();
    let [seed] = <[PathBuf; 1]>::try_from(seeds(&units)).unwrap();
    let whole = std::fs::read(&seed).unwrap();
    let built = |name: &str| build(&units, units.cargo(&another(&units, &first, name)).arg("build"));
    for (name, bytes) in [("cut", &whole[..whole.len() / 2]), ("empty", &[])] {
        std::fs::write(&seed, bytes).unwrap();
        let told = built(name);
        assert!(told.units.contains_key("anyhow lib"), "{name}: {told:?}");
        assert!(!is_laid(&units.world.path().join(name)), "{name}");
    }
    std::fs::write(&seed, &whole).unwrap();

    // Interrupted: what is there of it is used, the rest is asked for.
    let part = another(&units, &first, "part");
    success(units.cargo(&part).args(["build"]));
    assert!(is_laid(&part));
    let deps = part.join("target/debug/.fingerprint");
    for entry in std::fs::read_dir(deps).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("serde-") {
            std::fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    let again = build(&units, units.cargo(&part).arg("build"));
    assert!(
        again.units.contains_key("serde lib") && again.missed.len() <= 1,
        "{again:?}"
    );
    let (compiled, _) = told(units.cargo(&part).arg("build"));
    assert_eq!(compiled, [] as [&str; 0]);

    // Without its caches, the first checkout itself goes on.
    std::fs::remove_dir_all(units.world.cache().join("units/seeds")).unwrap();
    let (compiled, _) = told(units.cargo(&first).arg("build"));
    assert_eq!(compiled, [] as [&str; 0]);
}

/// A seed of a part is laid; what is asked for then makes it whole.
#[test]
fn a_part_of_a_seed_becomes_whole() {
    let (units, first) = unbuilt();
    build(&units, units.cargo(&first).arg("build"));
    for entry in std::fs::read_dir(first.join("target/debug/.fingerprint")).unwrap() {
        let dir = entry.unwrap().path();
        if dir
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("serde_derive-")
        {
            std::fs::remove_dir_all(dir).unwrap();
        }
    }
    let [seed] = <[PathBuf; 1]>::try_from(await_seeds(&units, 1)).unwrap();
    let written = || std::fs::read(&seed).unwrap();
    let before = written();
    let second = another(&units, &first, "second");
    let (compiled, fresh) = told_all(units.cargo(&second).arg("build"));
    assert_eq!(compiled, ["app", "serde", "serde_derive"]);
    assert!(fresh.contains(&"syn".to_owned()), "{fresh:?}");
    for _ in 0..120 {
        if written() != before {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    let third = another(&units, &first, "third");
    assert_eq!(
        told(units.cargo(&third).arg("build")),
        (vec!["app".into()], PACKAGES.map(str::to_owned).to_vec())
    );
}

/// Of one that is built in two steps, the second after a while, the first leaves it.
#[test]
fn a_second_cargo_leaves_the_seed_of_the_first() {
    let (units, first) = unbuilt();
    build(&units, units.cargo(&first).arg("build"));
    // A younger mark is not left again.
    std::thread::sleep(std::time::Duration::from_secs(6));
    build(&units, units.cargo(&first).args(["build", "--release"]));
    await_seeds(&units, 1);
    let next = another(&units, &first, "next");
    build(&units, units.cargo(&next).arg("build"));
    assert!(is_laid(&next));
}

/// Whenever whoever lays is killed, what cargo finds then is whole or asked for.
#[test]
fn a_laying_that_is_killed_leaves_nothing_half_laid() {
    let (units, first) = seeded();
    for round in 0..12 {
        let next = another(&units, &first, &format!("killed-{round}"));
        let mut cargo = units.cargo(&next);
        cargo
            .arg("build")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let mut cargo = cargo.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(30 + 8 * round));
        let group = rustix::process::Pid::from_child(&cargo);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        cargo.wait().unwrap();
        success(units.cargo(&next).arg("build"));
        assert_eq!(
            success(&mut Command::new(next.join("target/debug/app"))).trim(),
            "1"
        );
        let (compiled, _) = told(units.cargo(&next).arg("build"));
        assert_eq!(compiled, [] as [&str; 0], "round {round}");
    }
}

/// Two at once in one new checkout, and as many as come.
#[test]
fn several_cargos_begin_at_once() {
    let (units, first) = seeded();
    for round in 0..3 {
        let next = another(&units, &first, &format!("busy-{round}"));
        let start = || {
            let mut cargo = units.cargo(&next);
            cargo.arg("build").stdout(Stdio::null()).stderr(Stdio::null());
            cargo.spawn().unwrap()
        };
        let mut all = [start(), start(), start()];
        for cargo in &mut all {
            assert!(cargo.wait().unwrap().success());
        }
        let (compiled, _) = told(units.cargo(&next).arg("build"));
        assert_eq!(compiled, [] as [&str; 0], "round {round}");
    }
}
