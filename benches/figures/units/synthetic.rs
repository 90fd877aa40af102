//! A workspace of many small units, all of them hits: what a unit takes must not
//! grow with their number.

use super::project::{CRATE_ENV, VENDORED, World, succeed, timed};
use crate::report::Row;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FEW: usize = 200;
const MANY: usize = 2_000;
/// Each package depends on the one before, in chains of so many.
const CHAIN: usize = 10;
const ROUNDS: usize = 5;

/// What a unit takes, in milliseconds.
struct Time {
    /// The wrapper, median.
    of_us: f64,
    /// The whole build, divided by the number of units.
    whole: f64,
    /// The same where each unit is asked for, as in a first checkout.
    asked: f64,
    /// The same with a wrapper that does nothing.
    bare: f64,
    /// One hit, started again and again when cargo is done.
    alone: f64,
}

/// Three rows: of whole builds in a new target directory; of such in which each unit
/// is asked for, less what they take with a wrapper that does nothing, as what cargo
/// itself takes for a unit grows with their number: it starts each process by a fork,
/// which copies the more, the larger cargo is; and of a hit while no cargo is beside it.
pub fn rows(world: &World) -> Vec<Row> {
    let nothing = world.wrapper();
    let [few, many] = [FEW, MANY].map(|count| {
        eprintln!("bench: {count} small units");
        let path = |name: &str| world.path().join(format!("small-{count}-{name}"));
        let filled = project(&path("fill"), count);
        world.ours(&filled, &["build"]);
        world.await_service();
        let (mut of_us, mut asked, mut bare) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
        let mut whole = f64::INFINITY;
        for round in 0..ROUNDS {
            let a_unit = |time: Duration| time.as_secs_f64() * 1e3 / count as f64;
            std::fs::remove_dir_all(filled.join("target")).expect("it is built");
            whole = whole.min(a_unit(world.ours(&filled, &["build"])));
            // Vendored sources, as these are, are elsewhere for cargo in another place.
            let elsewhere = project(&path(&round.to_string()), count);
            asked = asked.min(a_unit(world.ours(&elsewhere, &["build"])));
            of_us = of_us.min(median(world, &path(&round.to_string())));
            let mut cargo = world.cargo(
                &project(&path(&format!("bare-{round}")), count),
                &["build"],
                &[
                    ("CARGO_NIX_UNITS", "0".into()),
                    ("RUSTC_WRAPPER", nothing.clone().into()),
                ],
            );
            bare = bare.min(a_unit(timed(&mut cargo).0));
        }
        let alone = alone(world, &path("0"));
        Time {
            of_us,
            whole,
            asked,
            bare,
            alone,
        }
    });
    let of = |time: fn(&Time) -> f64| (time(&many) / time(&few), time(&many), time(&few));
    let (whole, many_whole, few_whole) = of(|time| time.whole);
    let (bare, many_bare, few_bare) = of(|time| time.bare);
    let (asked, many_asked, few_asked) = of(|time| time.asked);
    let (ours, many_ours, few_ours) = of(|time| time.asked - time.bare);
    let (_, many_said, few_said) = of(|time| time.of_us);
    let (alone, many_alone, few_alone) = of(|time| time.alone);
    vec![
        Row::of(
            "time a unit, 2,000 small ones that are all hits, over 200",
            "<= 1.20 ×",
            format!(
                "{whole:.2} × ({many_whole:.2} ms, {few_whole:.2} ms); where each is asked for: {asked:.2} × \
                 ({many_asked:.2} ms, {few_asked:.2} ms), of which cargo alone, with a wrapper that does nothing: \
                 {bare:.2} × ({many_bare:.2} ms, {few_bare:.2} ms)"
            ),
            whole <= 1.2,
        ),
        Row::of(
            "the same, each asked for, without what cargo alone takes",
            "<= 1.20 ×",
            format!(
                "{ours:.2} × ({many_ours:.2} ms, {few_ours:.2} ms); the wrapper itself says {many_said:.2} and \
                 {few_said:.2} ms"
            ),
            ours <= 1.2,
        ),
        Row::of(
            "one hit of them while no cargo is at work, of 2,000 over of 200",
            "<= 1.20 ×",
            format!("{alone:.2} × ({many_alone:.2} ms, {few_alone:.2} ms)"),
            alone <= 1.2,
        ),
    ]
}

/// What a hit takes, start to exit, in a checkout that is built: the call of rustc
/// of the last of the 200, as cargo tells it, in a loop of a shell.
fn alone(world: &World, checkout: &Path) -> f64 {
    const TIMES: usize = 300;
    std::fs::remove_dir_all(checkout.join("target")).expect("it is built");
    let told = world.without_seeds(|| succeed(&mut world.cargo(checkout, &["build", "-vv"], &[])));
    let told = String::from_utf8_lossy(&told.stderr);
    let crate_name = format!("--crate-name small_{} ", FEW - 1);
    let call = told
        .lines()
        .filter(|line| line.contains(&crate_name))
        .find_map(|line| line.split_once('`')?.1.strip_suffix('`'))
        .expect("cargo tells how it calls rustc");
    let script = format!("for _ in $(seq {TIMES}); do {call} >/dev/null 2>&1 || exit 1; done");
    let mut shell = world.command("cargo-nix");
    shell
        .args(["exec", "--quiet", "--", "sh", "-c", &script])
        .current_dir(checkout);
    let took = (0..ROUNDS).map(|_| timed(&mut shell).0).min().expect("a round");
    took.as_secs_f64() * 1e3 / TIMES as f64
}

/// The wrapper's time for a hit in the last build, median, in milliseconds.
fn median(world: &World, checkout: &Path) -> f64 {
    let mut stats = world.command("cargo-nix");
    let output = succeed(
        stats
            .args(["stats", "--json", "--last", "1", "--project"])
            .arg(checkout),
    );
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let units = told["builds"][0]["units"].as_array().expect("units");
    let hits = units.iter().filter(|unit| unit["outcome"] == "hit");
    let mut took: Vec<u64> = hits.filter_map(|unit| unit["took"].as_u64()).collect();
    took.sort_unstable();
    assert!(took.len() >= FEW, "{} hits", took.len());
    took[took.len() / 2] as f64 / 1e3
}

/// A package with `count` vendored dependencies.
fn project(directory: &Path, count: usize) -> PathBuf {
    let write = |path: &str, text: &str| {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    };
    write("crate-env.nix", CRATE_ENV);
    write(".cargo/config.toml", VENDORED);
    let mut manifest = package("app");
    manifest += "[workspace]\n[dependencies]\n";
    for at in (0..count).filter(|at| at % CHAIN == CHAIN - 1) {
        manifest += &format!("small-{at} = \"1\"\n");
    }
    write("Cargo.toml", &manifest);
    write("src/lib.rs", "");
    for at in 0..count {
        let mut manifest = package(&format!("small-{at}"));
        if at % CHAIN != 0 {
            manifest += &format!("[dependencies]\nsmall-{} = \"1\"\n", at - 1);
        }
        write(&format!("vendor/small-{at}/Cargo.toml"), &manifest);
        write(
            &format!("vendor/small-{at}/.cargo-checksum.json"),
            "{\"files\":{}}",
        );
        write(
            &format!("vendor/small-{at}/src/lib.rs"),
            &format!("pub fn at() -> usize {{ {at} }}\n"),
        );
    }
    directory.to_path_buf()
}

fn package(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n")
}
