//! What a build leaves for the next checkout of the same: cargo finds all of the
//! store fresh there, starts nothing for it, and the program is the same; and where
//! that cannot be known, each unit is asked for.

mod build_help;
mod common;

use build_help::{append, await_seeds, build, checkout, edit, seeds, set};
use common::units::Units;
use common::{both, run, success};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DEPENDENCIES: &str =
    "anyhow = \"=1.0.86\"\nserde = { version = \"=1.0.203\", features = [\"derive\"] }";
const MAIN: &str = "#[derive(serde::Serialize)] struct S { a: u8 }\n\
                    fn main() -> anyhow::Result<()> { let s = S { a: 1 }; println!(\"{}\", s.a); Ok(()) }";
const PACKAGES: [&str; 7] = [
    "anyhow",
    "proc-macro2",
    "quote",
    "serde",
    "serde_derive",
    "syn",
    "unicode-ident",
];

/// A world in which the build of a project with crates of the registry has left a
/// seed, and the project.
fn seeded() -> (Units, PathBuf) {
    let units = Units::new();
    let first = units.project("app", DEPENDENCIES, MAIN);
    success(units.cargo(&first).args(["generate-lockfile"]));
    build(&units, units.cargo(&first).arg("build")).assert_store_backed("app", "at first");
    await_seeds(&units, 1);
    (units, first)
}

/// The same project elsewhere, as it would be checked out.
fn another(units: &Units, first: &Path, name: &str) -> PathBuf {
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
        let text = std::fs::read_to_string(first.join(file)).unwrap();
        units.world.write(&format!("{name}/{file}"), &text);
    }
    units.world.path().join(name)
}

/// A world in which a project with vendored packages was built, and has left a seed;
/// of use only where it was.
fn seeded_in_place() -> (Units, PathBuf) {
    let units = Units::new();
    let project = checkout(&units, "app");
    success(units.cargo(&project).args(["generate-lockfile"]));
    build(&units, units.cargo(&project).arg("build")).assert_store_backed("app", "at first");
    await_seeds(&units, 1);
    std::fs::remove_dir_all(project.join("target")).unwrap();
    (units, project)
}

/// What cargo says that it compiled, and what it found fresh; it has started nothing
/// but what is of the project itself.
fn told(cargo: &mut Command) -> Told {
    let (told, started) = told_with(cargo);
    for line in started {
        assert!(
            line.contains("--crate-name app ") || line.contains("target/debug/app"),
            "cargo starts {line}"
        );
    }
    told
}

/// The same, whatever it has started.
fn told_all(cargo: &mut Command) -> Told {
    told_with(cargo).0
}

type Told = (Vec<String>, Vec<String>);

fn told_with(cargo: &mut Command) -> (Told, Vec<String>) {
    let output = run(cargo.arg("-v"));
    assert!(output.status.success(), "{}", both(&output));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let of = |verb: &str| {
        let lines = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix(verb));
        let mut names: Vec<String> = lines
            .map(|rest| rest.trim_start().split(' ').next().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        names
    };
    let started = text.lines().filter(|line| line.contains("Running `"));
    (
        (of("Compiling "), of("Fresh ")),
        started.map(str::to_owned).collect(),
    )
}

fn program(project: &Path) -> Vec<u8> {
    std::fs::read(project.join("target/debug/app")).unwrap()
}

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
    std::fs::remove_dir_all(next.join("target")).unwrap();
    for seed in seeds(&units) {
        std::fs::remove_file(seed).unwrap();
    }
    std::fs::copy(first.join("src/main.rs"), next.join("src/main.rs")).unwrap();
    let asked = build(&units, units.cargo(&next).arg("build"));
    assert_eq!(program(&next), laid);

    // What is noted of units that are laid is what is noted of units that are asked for.
    await_seeds(&units, 1);
    std::fs::remove_dir_all(next.join("target")).unwrap();
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

/// The link that keeps the collector from a target directory's units.
fn root_of(target: &Path) -> PathBuf {
    let link = target.join(".cargo-nix/units");
    for _ in 0..60 {
        if link.exists() {
            return link;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    panic!("{} has no root", target.display());
}

/// Those that cargo asks for otherwise, or where it shows what it does.
#[test]
fn what_does_not_matter_makes_no_difference() {
    let (units, first) = seeded();
    let configure: [(&str, fn(&mut Command)); 4] = [
        ("a subcommand's manners", |c| {
            c.args(["build", "-q", "--color", "always", "--jobs=1", "--offline"]);
        }),
        ("another name of the terminal", |c| {
            c.args(["build"]).env("TERM", "vt100").env("COLUMNS", "7");
        }),
        ("how cargo shows progress", |c| {
            c.args(["build"]).env("CARGO_TERM_PROGRESS_WHEN", "never");
        }),
        ("a variable of nobody's", |c| {
            c.args(["build"]).env("SOMETHING", "else");
        }),
    ];
    for (at, (what, configure)) in configure.into_iter().enumerate() {
        let next = another(&units, &first, &format!("same-{at}"));
        let mut cargo = units.cargo(&next);
        configure(&mut cargo);
        let output = run(&mut cargo);
        assert!(output.status.success(), "{what}: {}", both(&output));
        assert!(is_laid(&next), "{what}");
    }
}

/// Whether the target directory's units were laid: they are all of one instant.
fn is_laid(project: &Path) -> bool {
    let notes = std::fs::read_dir(project.join("target/debug/.fingerprint")).unwrap();
    let times: Vec<_> = notes
        .map(|entry| entry.unwrap().path())
        .filter(|dir| !dir.file_name().unwrap().to_string_lossy().starts_with("app-"))
        .flat_map(|dir| std::fs::read_dir(dir).unwrap())
        .map(|file| file.unwrap().metadata().unwrap().modified().unwrap())
        .collect();
    times.len() > 20 && times.iter().all(|time| *time == times[0])
}

/// Where cargo is told to put its target directory, none is made beside the sources.
#[test]
fn where_the_target_directory_is_elsewhere_none_is_made() {
    let (units, first) = seeded();
    let places: [(&str, fn(&Path), fn(&mut Command)); 4] = [
        (
            "an option",
            |_| (),
            |c| {
                c.args(["--target-dir", "../elsewhere"]);
            },
        ),
        (
            "a variable",
            |_| (),
            |c| {
                c.env("CARGO_TARGET_DIR", "../elsewhere");
            },
        ),
        (
            "a configuration",
            |p| {
                std::fs::create_dir(p.join(".cargo")).unwrap();
                let text = "[build]\ntarget-dir = '../elsewhere'\n";
                std::fs::write(p.join(".cargo/config.toml"), text).unwrap();
            },
            |_| (),
        ),
        (
            "configuration by an option",
            |_| (),
            |c| {
                c.args(["--config", "build.target-dir='../elsewhere'"]);
            },
        ),
    ];
    for (at, (what, files, configure)) in places.into_iter().enumerate() {
        let next = another(&units, &first, &format!("apart-{at}"));
        files(&next);
        let mut cargo = units.cargo(&next);
        configure(cargo.arg("build"));
        let output = run(&mut cargo);
        assert!(output.status.success(), "{what}: {}", both(&output));
        assert!(!next.join("target").exists(), "{what}");
        std::fs::remove_dir_all(next.with_file_name("elsewhere")).unwrap();
    }
    // A package that is none of a workspace above it, or may be one of it.
    units
        .world
        .write("above/Cargo.toml", "[workspace]\nexclude = ['next']\n");
    let next = another(&units, &first, "above/next");
    success(units.cargo(&next).arg("build"));
    assert!(!is_laid(&next) && !next.with_file_name("target").exists());
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
    let units = Units::new();
    let first = units.project("app", DEPENDENCIES, MAIN);
    success(units.cargo(&first).args(["generate-lockfile"]));
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
    let written = || seed.metadata().unwrap().modified().unwrap();
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

/// In the place where they were built, vendored packages are laid, too. A source that
/// was edited where cargo does not look, a variable, what crate-env.nix gives.
#[test]
fn what_cargo_does_not_see_is_compared() {
    let (units, project) = seeded_in_place();
    let fresh = |units: &Units, configure: fn(&mut Command)| {
        let mut cargo = units.cargo(&project);
        configure(cargo.arg("build"));
        let said = said(units, &mut cargo);
        let is_laid = is_laid(&project);
        std::fs::remove_dir_all(project.join("target")).unwrap();
        (said, is_laid)
    };
    // The same packages elsewhere are the same in the store.
    let elsewhere = checkout(&units, "elsewhere");
    build(&units, units.cargo(&elsewhere).arg("build"));
    let (first, laid) = fresh(&units, |_| ());
    assert!(laid && first.contains("text=1"), "{first}");

    let source = project.join("vendor/base/src/lib.rs");
    edit(&source, "text=1", "text=2");
    let (said, laid) = fresh(&units, |_| ());
    assert!(!laid && said.contains("text=2"), "{said}");
    edit(&source, "text=2", "text=1");
    await_seeds(&units, 1);
    assert_eq!(fresh(&units, |_| ()).0, first);

    let (said, laid) = fresh(&units, |cargo| {
        cargo.env("BASE_NOTE", "new");
    });
    assert!(!laid && said.contains("note=new"), "{said}");
    assert_eq!(fresh(&units, |_| ()).0, first);

    units.set_crate("native", "export PATH=/usr/bin:/bin NATIVE_CRATE=own", true);
    let (said, laid) = fresh(&units, |_| ());
    assert!(!laid && said.contains("crate=own"), "{said}");
}

/// What the program says that this cargo builds.
fn said(units: &Units, cargo: &mut Command) -> String {
    build(units, cargo);
    let directory = cargo.get_current_dir().unwrap().to_path_buf();
    success(&mut Command::new(directory.join("target/debug/app")))
}
