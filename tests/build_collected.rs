//! Units and the collector: what a target directory holds, and that a build after
//! a collection is right, whatever was taken.

mod build_help;
mod common;

use build_help::demo::{clean, project, said};
use build_help::root_of;
use common::units::{Units, remove_target};
use common::{World, both, interruptible, run, success};
use std::path::{Path, PathBuf};
use std::process::Command;

fn nix_store(units: &Units) -> Command {
    units
        .world
        .command(common::nix_program().with_file_name("nix-store"))
}

/// As the collector would; the build service holds what it has built until it
/// ends, some seconds after the last build.
fn delete(units: &Units, project: &Path, path: &Path) {
    for _ in 0..60 {
        let _ = std::fs::remove_dir_all(project.join("target/.cargo-nix"));
        let all = success(
            nix_store(units)
                .args(["--query", "--referrers-closure"])
                .arg(path),
        );
        let mut delete = nix_store(units);
        let deleted = run(delete.args(["--delete", "--ignore-liveness"]).args(all.lines()));
        if deleted.status.success() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    panic!("{} is held for ever", path.display());
}

/// A unit that the collector took is built again; a cache that was lost costs
/// time only.
#[test]
fn lost_stores_and_lost_caches_heal() {
    let units = Units::new();
    let project = project(&units, "lost", "pub fn said() -> u8 { 7 }", None);
    assert_eq!(said(&mut units.cargo(&project)), "7");
    std::fs::remove_dir_all(units.world.cache().join("units/by-key")).unwrap();
    clean(&units, &project);
    assert_eq!(said(&mut units.cargo(&project)), "7");

    let deps = project.join("target/debug/deps");
    let rlib = std::fs::read_dir(deps)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|kind| kind == "rlib"))
        .unwrap();
    let lost = std::fs::read_link(&rlib).unwrap();
    let lost = lost.ancestors().nth(2).unwrap();
    delete(&units, &project, lost);
    assert_eq!(said(&mut units.cargo(&project)), "7");
    assert!(rlib.exists());
}

/// The libraries below a target directory.
fn libraries(target: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(target).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(libraries(&path));
        } else if path.extension().is_some_and(|kind| kind == "rlib") {
            found.push(path);
        }
    }
    found
}

const SCRIPT: &str = r#"
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/x.c"), "int seven(void) { return 7; }").unwrap();
    let run = |program: &str, arguments: &[&str]| {
        assert!(std::process::Command::new(program).args(arguments).current_dir(&out).status().unwrap().success());
    };
    run("cc", &["-fPIC", "-c", "-o", "x.o", "x.c"]);
    run("ar", &["crs", "libseven.a", "x.o"]);
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static:-bundle=seven");
}
"#;
const LIB: &str = "unsafe extern \"C\" { fn seven() -> i32; }\npub fn said() -> i32 { unsafe { seven() } }";

/// A project that was built, and whose dependency was collected, from its source on;
/// with the store path that its library was.
fn collected(units: &Units, name: &str) -> (PathBuf, PathBuf) {
    let project = project(units, name, LIB, Some(SCRIPT));
    assert_eq!(said(&mut units.cargo(&project)), "7");
    let rlib = std::fs::read_link(&libraries(&project.join("target"))[0]).unwrap();
    let unit = rlib.ancestors().nth(2).unwrap();
    let all = success(nix_store(units).args(["--query", "--requisites"]).arg(unit));
    let source = all
        .lines()
        .find(|path| path.ends_with("-demo"))
        .expect("its source");
    delete(units, &project, Path::new(source));
    assert!(!unit.exists() && !Path::new(source).exists());
    (project, unit.to_path_buf())
}

/// Cargo misses the library alone; the script, its run, and what it left for the
/// linker are brought back with it.
#[test]
fn what_was_collected_of_a_script_is_brought_back() {
    let units = Units::new();
    let (project, unit) = collected(&units, "brought");
    // What cargo misses nothing of: the member alone is compiled.
    std::fs::write(
        project.join("src/main.rs"),
        "fn main() { print!(\"{}\", demo::said()); }",
    )
    .unwrap();
    assert_eq!(said(&mut units.cargo(&project)), "7");
    assert!(unit.exists());
    assert_eq!(said(&mut units.cargo(&project)), "7");
}

/// If it is forgotten how they were made as well, the script is compiled again: by
/// the next build at the latest.
#[test]
fn what_cannot_be_brought_back_is_made_again() {
    let units = Units::new();
    let (project, _) = collected(&units, "again");
    // A script is of no derivation that the collector would take with its source.
    for index in ["by-key", "by-path", "plans", "sources"] {
        std::fs::remove_dir_all(units.world.cache().join("units").join(index)).unwrap();
    }
    let built = |_| {
        run(units.cargo(&project).arg("run").env("DEMO", "again"))
            .status
            .success()
    };
    assert!((0..2).any(built));
    let output = run(units.cargo(&project).arg("run"));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "7\n",
        "{}",
        both(&output)
    );
}

/// A target directory holds its units, and no longer when it is gone.
#[test]
fn a_target_directory_is_a_root() {
    let units = Units::new();
    let project = project(&units, "held", "pub fn said() -> u8 { 5 }", None);
    assert_eq!(said(&mut units.cargo(&project)), "5");
    let set = root_of(&project.join("target"));
    let unit = std::fs::read_to_string(&set)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let roots = || success(nix_store(&units).args(["--query", "--roots", &unit]));
    assert!(roots().contains("held/target/.cargo-nix/units"), "{}", roots());
    remove_target(&project);
    assert!(!roots().contains("/held/"), "{}", roots());
}

/// Also when nothing was built for it, and at once if it is we who collect.
#[test]
fn a_target_directory_of_a_moment_ago_is_held() {
    let units = Units::over(World::with_own_store());
    let [first, second] =
        ["first", "second"].map(|name| project(&units, name, "pub fn said() -> u8 { 5 }", None));
    assert_eq!(said(&mut units.cargo(&first)), "5");
    root_of(&first.join("target"));
    assert_eq!(said(&mut units.cargo(&second)), "5");
    remove_target(&first);
    success(units.world.cargo_nix().args(["gc", "--collect"]));
    let placed = libraries(&second.join("target"));
    assert!(
        !placed.is_empty() && placed.iter().all(|rlib| rlib.exists()),
        "{placed:?}"
    );
}

/// What `cargo clean -p` took is held no longer, though it leaves our note of it.
#[test]
fn a_unit_that_was_cleaned_away_is_not_held() {
    let units = Units::new();
    let project = project(&units, "cleaned", "pub fn said() -> u8 { 6 }", None);
    assert_eq!(
        said(
            units
                .cargo(&project)
                .args(["--config", "profile.dev.opt-level=1"])
        ),
        "6"
    );
    let target = project.join("target");
    let unit = std::fs::read_link(&libraries(&target)[0]).unwrap();
    let unit = unit.ancestors().nth(2).unwrap().to_str().unwrap().to_owned();
    clean(&units, &project);
    assert_eq!(said(&mut units.cargo(&project)), "6");
    let held = std::fs::read_to_string(root_of(&target)).unwrap();
    assert!(
        held.lines().count() == 1 && !held.contains(&unit),
        "{unit}\n{held}"
    );
}

/// In whatever layout cargo puts them, and in a directory that was there before
/// cargo was.
#[test]
fn every_layout_of_a_target_directory_is_held() {
    let units = Units::new();
    let project = project(&units, "laid-out", LIB, Some(SCRIPT));
    let target = units.world.path().join("given");
    std::fs::create_dir(&target).unwrap();
    let layouts: [&[&str]; 2] = [&[], &["-Zbuild-dir-new-layout"]];
    for flags in layouts {
        let mut cargo = units.cargo(&project);
        cargo
            .env("CARGO_TARGET_DIR", &target)
            .env("RUSTC_BOOTSTRAP", "1")
            .args(flags);
        assert_eq!(said(&mut cargo), "7", "{flags:?}");
        let held = std::fs::read_to_string(root_of(&target)).unwrap();
        for rlib in libraries(&target) {
            let unit = std::fs::read_link(rlib).unwrap();
            let unit = unit.ancestors().nth(2).unwrap().to_str().unwrap().to_owned();
            assert!(held.contains(&unit), "{flags:?}: {unit}\n{held}");
        }
        assert!(held.contains("-run"), "{flags:?}: {held}");
        std::fs::remove_dir_all(&target).unwrap();
        std::fs::create_dir(&target).unwrap();
    }
}

/// A library that is local is linked with what a run in the store has left.
#[test]
fn what_a_local_unit_is_linked_with_is_brought_back() {
    let units = Units::new();
    let project = project(&units, "local", LIB, Some(SCRIPT));
    let write = |path: &str, text: &str| units.world.write(&format!("local/{path}"), text);
    write(
        "near/Cargo.toml",
        "[package]\nname = \"near\"\nversion = \"1.0.0\"\n",
    );
    write("near/src/lib.rs", "");
    let manifest = project.join("vendor/demo/Cargo.toml");
    let mut text = std::fs::read_to_string(&manifest).unwrap();
    text += "[dependencies]\nnear = \"1\"\n";
    std::fs::write(manifest, text).unwrap();
    let manifest = project.join("Cargo.toml");
    let mut text = std::fs::read_to_string(&manifest).unwrap();
    text += "[patch.crates-io]\nnear.path = \"near\"\n";
    std::fs::write(manifest, text).unwrap();
    let says = || {
        let output = run(units.cargo(&project).args(["run", "--quiet"]));
        assert!(output.status.success(), "{}", both(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(says(), "7");
    let build = project.join("target/debug/build");
    let entries = std::fs::read_dir(build)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let told = entries.filter_map(|dir| std::fs::read_to_string(dir.join("output")).ok());
    let told = told.collect::<String>();
    let (_, rest) = told.split_once("native=").expect("it names a place in the store");
    let store = units.world.store_dir().display().to_string();
    let name = rest
        .strip_prefix(&format!("{store}/"))
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let ran = Path::new(&store).join(name);
    delete(&units, &project, &ran);
    assert!(!ran.exists());
    std::fs::write(
        project.join("src/main.rs"),
        "fn main() { print!(\"{}\", demo::said()); }",
    )
    .unwrap();
    assert_eq!(says(), "7");
}

/// A script that does not end, ends some time after whoever asked for it.
#[test]
fn a_script_that_nobody_waits_for_is_ended() {
    let units = Units::new();
    let script = "fn main() { if std::env::var(\"CARGO_MANIFEST_DIR\").is_ok() { loop { std::thread::sleep(std::time::Duration::from_millis(731)); } } }";
    let project = project(&units, "endless", "", Some(script));
    let mut cargo = interruptible(units.cargo(&project).arg("build")).spawn().unwrap();
    let running = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let words = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        let store = units.world.store_dir().display().to_string();
        words
            .filter(|words| {
                let program = words.split(|byte| *byte == 0).next().unwrap_or_default();
                let program = String::from_utf8_lossy(program).into_owned();
                program.starts_with(&store) && program.contains("build_script_build")
            })
            .count()
    };
    let wait_for = |count: usize| {
        for _ in 0..600 {
            if running() == count {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{} scripts are at work", running());
    };
    wait_for(1);
    // As Ctrl-C does.
    let group = rustix::process::Pid::from_child(&cargo);
    rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    cargo.wait().unwrap();
    wait_for(0);
}
