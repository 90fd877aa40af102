//! A seed is laid where all is as it was, and only there: what cargo's own notes do not
//! tell is compared, each thing alone.

mod build_help;
mod common;

use build_help::seed::{Configure, another, is_laid, said, seeded, seeded_in_place, unbuilt};
use build_help::{await_seeds, build, checkout, demo, edit, seeds};
use common::units::{Units, remove_target};
use common::{both, run, success};
use std::path::{Path, PathBuf};
use std::process::Command;

type Edit = fn(&Path);

/// Those that cargo asks for otherwise, or where it shows what it does.
#[test]
fn what_does_not_matter_makes_no_difference() {
    let (units, first) = seeded();
    let configure: [(&str, Configure); 4] = [
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

/// Who wants to see what each script says has each of them asked for.
#[test]
fn where_all_is_to_be_shown_nothing_is_fresh() {
    let (units, first) = seeded();
    for loud in [&["-vvj2"][..], &["-v", "--verbose"]] {
        let next = another(&units, &first, &format!("loud-{}", loud.len()));
        let output = run(units.cargo(&next).arg("build").args(loud));
        assert!(output.status.success() && !is_laid(&next), "{}", both(&output));
    }
    let next = another(&units, &first, "not-so-loud");
    let output = run(units.cargo(&next).args(["build", "-v"]));
    assert!(output.status.success() && is_laid(&next), "{}", both(&output));
}

/// Where cargo is told to put its target directory, none is made beside the sources.
#[test]
fn where_the_target_directory_is_elsewhere_none_is_made() {
    let (units, first) = seeded();
    let places: [(&str, Edit, Configure); 4] = [
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

/// A project whose vendored package's script reads what the environment gives without
/// saying so, and prints a path.
const READS: &str = r#"fn main() {
    let own = std::env::var("OWN").unwrap_or("none".into());
    let dep = std::env::var("DEP_Z").unwrap_or("none".into());
    println!("cargo:rustc-env=SAID={own} {dep}");
    println!("cargo:rerun-if-changed=build.rs");
}"#;

/// A world with a project whose program says what the script of `demo` has found.
fn saying(script: &str) -> (Units, PathBuf) {
    let units = Units::new();
    let lib = "pub fn said() -> &'static str { env!(\"SAID\") }";
    let project = demo::project(&units, "app", lib, Some(script));
    success(units.cargo(&project).args(["generate-lockfile"]));
    (units, project)
}

fn with_own(units: &Units, own: &str) {
    units.set_environment(&format!("export PATH=/usr/bin:/bin OWN={own}"));
}

fn ran(units: &Units, project: &Path, arguments: &[&str]) -> String {
    let mut cargo = units.cargo(project);
    // Not sorted, as a shell may have them: cargo hands them on so, and sorted.
    cargo.env("NIX_Z", "1").env("NIX_A", "2");
    let output = run(cargo.arg("run").args(arguments));
    assert!(
        output.status.success() && !demo::is_local(&output, "demo"),
        "{}",
        both(&output)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Two builds in one place, one just after the other, in two environments; and two of
/// two profiles in one target directory.
#[test]
fn a_seed_has_what_its_own_build_was_given() {
    let (units, project) = saying(READS);
    let clear = || remove_target(&project);
    for own in ["one", "two"] {
        with_own(&units, own);
        assert_eq!(ran(&units, &project, &[]), format!("{own} none"));
        clear();
    }
    with_own(&units, "one");
    assert_eq!(ran(&units, &project, &[]), "one none");
    with_own(&units, "two");
    assert_eq!(ran(&units, &project, &["--release"]), "two none");
    await_seeds(&units, 1);
    for own in ["one", "two", "one"] {
        clear();
        with_own(&units, own);
        for arguments in [&[][..], &["--release"]] {
            assert_eq!(ran(&units, &project, arguments), format!("{own} none"));
        }
    }
}

/// Cargo hands variables of this name to scripts, whoever sets them.
#[test]
fn what_scripts_get_unasked_is_compared() {
    let (units, project) = saying(READS);
    assert_eq!(ran(&units, &project, &[]), "none none");
    await_seeds(&units, 1);
    remove_target(&project);
    let output = run(units.cargo(&project).arg("run").env("DEP_Z", "new"));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "none new",
        "{}",
        both(&output)
    );
}

/// The same source in two places of one workspace: the one that cargo takes counts.
#[test]
fn the_source_that_was_used_is_compared() {
    let (units, project) = seeded_in_place();
    let other = project.join("vendor.orig");
    success(
        Command::new("cp")
            .arg("-a")
            .arg(project.join("vendor"))
            .arg(&other),
    );
    let configuration = project.join(".cargo/config.toml");
    let mut all = Vec::new();
    for directory in ["vendor.orig", "vendor"] {
        let text = format!(
            "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"{directory}\"\n"
        );
        std::fs::write(&configuration, text).unwrap();
        build(&units, units.cargo(&project).arg("build"));
        all = await_seeds(&units, all.len() + 1);
        remove_target(&project);
    }
    build(&units, units.cargo(&project).arg("build"));
    assert!(is_laid(&project));
    remove_target(&project);
    edit(&project.join("vendor/base/src/lib.rs"), "text=1", "text=2");
    assert!(said(&units, units.cargo(&project).arg("build")).contains("text=2"));
    assert!(!is_laid(&project));
}

/// In the place where they were built, vendored packages are laid, too. A source that
/// was edited where cargo does not look, a variable, what crate-env.nix gives.
#[test]
fn what_cargo_does_not_see_is_compared() {
    let (units, project) = seeded_in_place();
    let fresh = |units: &Units, configure: Configure| {
        let mut cargo = units.cargo(&project);
        configure(cargo.arg("build"));
        let said = said(units, &mut cargo);
        let is_laid = is_laid(&project);
        remove_target(&project);
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

/// What names a path that was not there may be built otherwise when it is there: such a
/// unit is local, and its seed of no more use.
#[test]
fn a_path_that_comes_to_be_is_compared() {
    const TELLS: &str = r#"fn main() {
        let told = std::env::var("DEP_BASE_INCLUDE").unwrap();
        println!("cargo:rustc-env=SAID={}", std::path::Path::new(&told).exists());
    }"#;
    let units = Units::new();
    let lib = "pub fn said() -> &'static str { env!(\"SAID\") }";
    let project = demo::project(&units, "app", lib, Some(TELLS));
    let include = units.world.path().join("include");
    let base = "[package]\nname = \"base\"\nversion = \"1.0.0\"\nlinks = \"base\"\n";
    let script = format!(
        "fn main() {{ println!(\"cargo:include={}\"); }}",
        include.display()
    );
    for (file, text) in [
        ("base/Cargo.toml", base),
        ("base/.cargo-checksum.json", "{\"files\":{}}"),
        ("base/src/lib.rs", ""),
        ("base/build.rs", &script),
        (
            "demo/Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nbase = \"1\"\n",
        ),
    ] {
        units.world.write(&format!("app/vendor/{file}"), text);
    }
    success(units.cargo(&project).args(["generate-lockfile"]));
    assert_eq!(said(&units, units.cargo(&project).arg("build")).trim(), "false");
    await_seeds(&units, 1);
    std::fs::create_dir(&include).unwrap();
    remove_target(&project);
    assert_eq!(said(&units, units.cargo(&project).arg("build")).trim(), "true");
    assert_eq!(seeds(&units), [] as [PathBuf; 0]);
}

/// Builds with flags of the user's.
fn with_flags(units: &Units, project: &Path, flags: &str) -> Command {
    let mut cargo = units.cargo(project);
    cargo.arg("build").env("RUSTFLAGS", flags);
    cargo
}

/// The same, by a flag of the user's.
#[test]
fn a_path_in_flags_that_comes_to_be_is_compared() {
    let (units, first) = unbuilt();
    let include = units.world.path().join("include");
    let flags = format!("--cfg=x=\"{}\"", include.display());
    let with = |project: &Path| with_flags(&units, project, &flags);
    build(&units, &mut with(&first)).assert_store_backed("app", "at first");
    await_seeds(&units, 1);
    let next = another(&units, &first, "next");
    build(&units, &mut with(&next));
    assert!(is_laid(&next));
    std::fs::create_dir(&include).unwrap();
    let other = another(&units, &first, "other");
    success(&mut with(&other));
    assert!(!is_laid(&other));
}

const DECLARES: &str = r#"fn main() {
    println!("cargo:rerun-if-env-changed=A");
    if std::env::var_os("A").is_some() {
        println!("cargo:rerun-if-env-changed=B");
    }
    println!("cargo:rustc-env=SAID={}", std::env::var("B").unwrap_or("none".into()));
}"#;

/// A variable that a unit was seen to read only after its seed was left, or was built
/// for it.
#[test]
fn what_was_learned_since_is_compared() {
    let (units, project) = saying(DECLARES);
    let checkout = |name: &str| {
        let checkout = units.world.path().join(name);
        success(Command::new("cp").arg("-a").arg(&project).arg(&checkout));
        checkout
    };
    let told = |project: &Path, variables: &[(&str, &str)]| {
        let mut cargo = units.cargo(project);
        cargo.arg("build").envs(variables.iter().copied());
        said(&units, &mut cargo).trim().to_owned()
    };
    // The one before the other leaves its seed.
    let (one, other) = (checkout("one"), checkout("other"));
    assert_eq!(told(&one, &[("B", "5")]), "none");
    assert_eq!(told(&other, &[("A", "1"), ("B", "5")]), "5");
    await_seeds(&units, 2);
    remove_target(&one);
    assert_eq!(told(&one, &[("B", "5")]), "5");
}

/// The same, after it is left.
#[test]
fn what_was_learned_after_it_is_compared() {
    let (units, project) = saying(DECLARES);
    for (variables, told) in [
        (&[("B", "5")][..], "none"),
        (&[("A", "1"), ("B", "5")], "5"),
        (&[("B", "5")], "5"),
    ] {
        let mut cargo = units.cargo(&project);
        cargo.arg("build").envs(variables.iter().copied());
        assert_eq!(said(&units, &mut cargo).trim(), told, "{variables:?}");
        await_seeds(&units, 1);
        remove_target(&project);
    }
}

/// What names the workspace as a part of something else is of use where it is.
#[test]
fn what_cannot_be_moved_is_laid_in_its_place() {
    let (units, first) = seeded();
    let flags = format!("--cfg=beside=\"{}2\"", first.display());
    let with = |project: &Path| with_flags(&units, project, &flags);
    remove_target(&first);
    build(&units, &mut with(&first));
    await_seeds(&units, 2);
    let next = another(&units, &first, "next");
    build(&units, &mut with(&next));
    assert!(!is_laid(&next));
    remove_target(&first);
    build(&units, &mut with(&first));
    assert!(is_laid(&first));
}
