//! `cargo-nix stats` over builds of real cargo, and what a build says when the
//! environment is of no use.

mod build_help;
mod common;

use build_help::demo;
use common::units::{Units, remove_target};
use common::{both, run, success};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MAIN: &str = "fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }";

fn project(units: &Units, name: &str) -> PathBuf {
    units.project(name, "itoa = \"=1.0.11\"", MAIN)
}

fn built(command: &mut Command) -> Output {
    let output = run(command.arg("build").env_remove("CARGO_NIX_DEBUG"));
    assert!(output.status.success(), "{}", both(&output));
    output
}

fn stats(units: &Units, arguments: &[&str]) -> Value {
    let text = success(units.world.cargo_nix().args(["stats", "--json"]).args(arguments));
    serde_json::from_str(&text).unwrap()
}

fn outcomes(build: &Value) -> Vec<(&str, &str)> {
    let mut outcomes: Vec<_> = build["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| {
            (
                unit["package"].as_str().unwrap(),
                unit["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    outcomes.sort_unstable();
    outcomes
}

#[test]
fn builds_are_told_with_what_became_of_their_units() {
    let units = Units::over(common::World::with_own_store());
    let nothing = run(units.world.cargo_nix().arg("stats"));
    assert_eq!(nothing.status.code(), Some(2), "{}", both(&nothing));

    let (one, two) = (project(&units, "one"), project(&units, "two"));
    built(&mut units.cargo(&one));
    built(&mut units.cargo(&two));
    std::fs::write(two.join("src/main.rs"), "fn main() {}").unwrap();
    built(&mut units.cargo(&two));
    // Nothing is to be done, and so nothing is noted.
    built(&mut units.cargo(&two));

    let told = stats(&units, &[]);
    let builds = told["builds"].as_array().unwrap();
    assert_eq!(builds.len(), 3, "{told:#}");
    assert_eq!(outcomes(&builds[0]), [("itoa", "built"), ("one", "local")]);
    assert_eq!(outcomes(&builds[1]), [("itoa", "hit"), ("two", "local")]);
    assert_eq!(outcomes(&builds[2]), [("two", "local")]);
    // What it took to build, less what it took to find: nothing, on a slow machine.
    let hit = &builds[1]["units"][0];
    let saved = (hit["cost"].as_f64().unwrap() - hit["took"].as_f64().unwrap() / 1e6).max(0.0);
    let told_saved = builds[1]["sums"]["saved"].as_f64().unwrap();
    assert!((told_saved - saved).abs() < 0.001, "{saved}: {told:#}");
    assert_eq!(builds[1]["sums"]["members"], 1);
    assert_eq!(builds[1]["target"], two.join("target").to_str().unwrap());
    let own = |build: &Value| {
        build["units"]
            .as_array()
            .unwrap()
            .iter()
            .find(|unit| unit["package"] == "two")
            .cloned()
            .unwrap()
    };
    assert!(
        own(&builds[1])["took"].as_u64() > Some(0),
        "learned from the build after it: {told:#}"
    );
    assert!(
        own(&builds[2])["took"].as_u64() > Some(0),
        "learned from what it left: {told:#}"
    );
    assert_eq!(
        stats(&units, &["--last", "1"])["builds"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let here = stats(&units, &["--project", one.to_str().unwrap()]);
    assert_eq!(here["builds"].as_array().unwrap().len(), 1);

    let text = success(units.world.cargo_nix().arg("stats"));
    for part in [
        "cargo build",
        "two",
        "3 builds: 1 hits, 1 built (50 % hits), 3 local",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    page(&units);

    // What is learned of it when it is built over is the same, but for what cargo
    // itself did between.
    let took = own(&builds[2])["took"].as_u64().unwrap();
    std::fs::write(two.join("src/main.rs"), "fn main() { }").unwrap();
    built(&mut units.cargo(&two));
    let later = stats(&units, &["--last", "2"]);
    let again = own(&later["builds"][0])["took"].as_u64().unwrap();
    assert!(took <= again && again < took + 1_000_000, "{took}: {later:#}");
}

/// What another user had built is no build of this one, and saves what it took.
#[test]
fn what_was_in_the_store_is_found_and_not_built() {
    let units = Units::new();
    // No earlier run of this test has had it built.
    let now = std::time::SystemTime::now();
    let script =
        format!("fn main() {{ std::thread::sleep(std::time::Duration::from_secs(2)); }} // {now:?}\n");
    let project = demo::project(&units, "found", "pub fn said() -> u8 { 1 }", Some(&script));
    built(&mut units.cargo(&project));
    remove_target(&project);
    let other = units.another_cache("another");
    built(units.cargo(&project).env("XDG_CACHE_HOME", &other));
    let told = |arguments: &[&str]| {
        let mut stats = units.world.cargo_nix();
        stats.env("XDG_CACHE_HOME", &other).arg("stats").args(arguments);
        success(&mut stats)
    };
    let json: Value = serde_json::from_str(&told(&["--json"])).unwrap();
    let build = &json["builds"][0];
    assert_eq!(
        outcomes(build),
        [
            ("demo", "found"),
            ("demo", "found"),
            ("demo", "found"),
            ("found", "local")
        ]
    );
    assert_eq!(
        (&build["sums"]["hits"], &build["sums"]["found"]),
        (&3.into(), &3.into())
    );
    assert!(build["sums"]["saved"].as_f64() > Some(1.0), "{json:#}");
    assert!(told(&[]).contains("3 (3 found)"), "{}", told(&[]));
    // From now on its cache knows, and how much it saves.
    remove_target(&project);
    built(units.cargo(&project).env("XDG_CACHE_HOME", &other));
    let json: Value = serde_json::from_str(&told(&["--json", "--last", "1"])).unwrap();
    let build = &json["builds"][0];
    assert_eq!(build["sums"]["found"], 0);
    assert!(build["sums"]["saved"].as_f64() > Some(1.5), "{json:#}");
}

/// The page loads nothing and runs nothing.
fn page(units: &Units) {
    let file = units.world.path().join("page.html");
    // A link stays a link.
    let link = units.world.path().join("link.html");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    success(units.world.cargo_nix().args(["stats", "--html"]).arg(&link));
    assert!(link.is_symlink());
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.contains("<title>cargo build: "), "{page}");
    assert!(page.contains("two 0.1.0 (bin)"), "{page}");
    for not in ["<script", "http://", "https://", "<link", "@import", "url(", "{{"] {
        assert!(!page.contains(not), "{not}");
    }
    // What is no file is written into, and no directory is made.
    let mut shell = units.world.command("sh");
    let program = env!("CARGO_BIN_EXE_cargo-nix");
    let piped = success(shell.args(["-c", &format!("'{program}' stats --html /dev/stdout | cat")]));
    assert_eq!(piped, page);
    for (place, why) in [
        ("none/page.html", "there is no directory"),
        ("", "it is a directory"),
    ] {
        let place = units.world.path().join(place);
        let output = run(units.world.cargo_nix().args(["stats", "--html"]).arg(&place));
        assert!(
            both(&output).contains(why) && output.status.code() == Some(2),
            "{}",
            both(&output)
        );
    }
    assert!(!units.world.path().join("none").exists());
}

/// Takes something from the environment.
type Spoil<'a> = &'a dyn Fn(&mut Command);

/// Without an environment, with another toolchain, without a store: cargo
/// builds as if we were not there, and says so once.
#[test]
fn an_environment_that_is_of_no_use_is_said_once() {
    let units = Units::new();
    let dependencies = "itoa = \"=1.0.11\"\nanyhow = \"=1.0.86\"";
    let main =
        "fn main() { let _ = anyhow::anyhow!(\"x\"); println!(\"{}\", itoa::Buffer::new().format(42)); }";
    let project = units.project("useless", dependencies, main);
    let other = run(units.world.command("rustc").args(["--print", "sysroot"]));
    let other = Path::new(String::from_utf8(other.stdout).unwrap().trim()).join("bin/rustc");
    let missing = units.world.path().join("no-cache");
    let cases: [(&str, Spoil); 6] = [
        ("there is no environment here", &|cargo| {
            cargo.env_remove("CARGO_NIX_UNITS_CONTEXT");
        }),
        ("units.gone is not there, or not whole", &|cargo| {
            cargo.env("CARGO_NIX_UNITS_CONTEXT", "/units.gone");
        }),
        ("is not the compiler of the environment", &|cargo| {
            cargo.env("RUSTC", &other);
        }),
        ("the build service does not answer", &|cargo| {
            // Nothing was built before, and nothing can be.
            cargo.env("CARGO_NIX_EVAL", "/bin/false");
        }),
        ("opening the store", &|cargo| {
            cargo
                .env("NIX_STATE_DIR", "/proc/no-state")
                .env("NIX_REMOTE", "local");
        }),
        ("or its cache is gone", &|cargo| {
            cargo.env("XDG_CACHE_HOME", &missing);
        }),
    ];
    for (sentence, spoil) in cases {
        remove_target(&project);
        let mut cargo = units.cargo(&project);
        spoil(&mut cargo);
        let output = built(&mut cargo);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // cargo writes a line of its own in two pieces, and ours may come between.
        let told: Vec<&str> = said.split("cargo-nix: ").skip(1).collect();
        assert!(
            told.len() == 1 && told[0].lines().next().is_some_and(|line| line.contains(sentence)),
            "{sentence}:\n{said}"
        );
        let program = project.join("target/debug/useless");
        assert_eq!(success(&mut units.world.command(&program)), "42\n");
        // The next build is a no-op, and says nothing.
        let mut again = units.cargo(&project);
        spoil(&mut again);
        let again = built(&mut again);
        let again = String::from_utf8_lossy(&again.stderr);
        assert!(
            !again.contains("cargo-nix") && !again.contains("Compiling"),
            "{sentence}:\n{again}"
        );
    }
    // Back in the environment, the next build is right.
    built(&mut units.cargo(&project));
}

/// What a unit says on its standard error, cargo says again while it is fresh: to a
/// file, too, the sentence goes past it.
#[test]
fn what_is_said_into_a_file_is_not_said_again() {
    let units = Units::new();
    let project = project(&units, "filed");
    for append in [true, false] {
        remove_target(&project);
        let path = units.world.path().join("log");
        let _ = std::fs::remove_file(&path);
        let log = std::fs::File::options()
            .create(true)
            .write(true)
            .append(append)
            .open(&path)
            .unwrap();
        let mut cargo = units.cargo(&project);
        cargo.env_remove("CARGO_NIX_UNITS_CONTEXT").stderr(log);
        assert!(cargo.arg("build").status().unwrap().success());
        let said = std::fs::read_to_string(&path).unwrap();
        let times = said.matches("there is no environment here").count();
        assert_eq!(times, usize::from(append), "{said}");
        let again = built(&mut units.cargo(&project));
        let again = String::from_utf8_lossy(&again.stderr);
        assert!(!again.contains("cargo-nix: "), "{again}");
    }
}

/// `cargo +nightly`, by rustup's cargo, finds the environment's compiler where that
/// comes first on PATH, or in the configuration: not what was asked for.
#[test]
fn another_toolchain_that_finds_the_compiler_of_the_environment_is_told() {
    let units = Units::new();
    let sysroot = success(units.world.command("rustc").args(["--print", "sysroot"]));
    let theirs = Path::new(sysroot.trim()).join("bin/cargo");
    let told = |cargo: &Path, project: &Path| {
        remove_target(project);
        let inside = units.cargo(project);
        let mut command = Command::new(cargo);
        command.current_dir(project).env_clear();
        command.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
        // As rustup's cargo has it.
        command.envs([
            ("RUSTUP_TOOLCHAIN", "nightly"),
            ("RUSTUP_TOOLCHAIN_SOURCE", "cli"),
        ]);
        let output = built(&mut command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        said.lines()
            .filter(|line| line.starts_with("cargo-nix: cargo +nightly was asked for"))
            .count()
    };
    let (plus, alone) = (
        project(&units, "plus"),
        units.project("alone", "", "fn main() {}"),
    );
    assert_eq!(told(&theirs, &plus), 1);
    assert_eq!(told(&theirs, &alone), 1, "members alone");
    // A shell that has inherited what rustup said of another call.
    assert_eq!(told(&Path::new(&units.toolchain).join("bin/cargo"), &plus), 0);
}

/// A wrapper that the user had is called for the local units, whether a
/// variable said so or cargo's configuration.
#[test]
fn the_wrapper_that_was_there_is_called_for_local_units() {
    let units = Units::new();
    let log = units.world.path().join("log");
    let script = format!("echo \"$*\" >> '{}'\nexec \"$@\"", log.display());
    let wrapper = units.world.script("theirs/wrap", &script);
    let project = project(&units, "wrapped");
    let called = || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(&log);
        let calls = text
            .lines()
            .filter(|line| line.contains("--crate-name ") && !line.contains("--crate-name ___"));
        let names: Vec<_> = calls
            .filter_map(|line| {
                line.split("--crate-name ")
                    .nth(1)?
                    .split(' ')
                    .next()
                    .map(str::to_owned)
            })
            .collect();
        names
    };
    built(units.cargo(&project).env("CARGO_NIX_LOCAL_WRAPPER", &wrapper));
    assert_eq!(called(), ["wrapped"]);
    remove_target(&project);
    built(units.cargo(&project).env("CARGO_BUILD_RUSTC_WRAPPER", &wrapper));
    assert_eq!(called(), ["wrapped"]);
    remove_target(&project);
    let config = format!("[build]\nrustc-wrapper = \"{}\"\n", wrapper.display());
    units.world.write("wrapped/.cargo/config.toml", &config);
    built(&mut units.cargo(&project));
    assert_eq!(called(), ["wrapped"]);
}

/// What a build script asks of rustc is no build, and none of cargo's units.
#[test]
fn what_a_script_compiles_is_no_build_of_its_own() {
    let units = Units::new();
    units.set_crate("demo", "", false);
    let script = r#"fn main() {
        let of = |name: &str| std::env::var(name).unwrap();
        let probe = format!("{}/probe.rs", of("OUT_DIR"));
        std::fs::write(&probe, "").unwrap();
        let mut rustc = std::process::Command::new(of("RUSTC_WRAPPER"));
        rustc.arg(of("RUSTC")).args(["--crate-name", "probe", "--crate-type", "lib", "--emit=metadata", "--out-dir"]);
        assert!(rustc.arg(of("OUT_DIR")).arg(probe).status().unwrap().success());
    }"#;
    let project = demo::project(&units, "probing", "pub fn said() -> u8 { 7 }", Some(script));
    built(&mut units.cargo(&project));
    let told = stats(&units, &["--project", project.to_str().unwrap()]);
    let builds = told["builds"].as_array().unwrap();
    assert_eq!(builds.len(), 1, "{told}");
    assert!(!told.to_string().contains("probe"), "{told}");
}
