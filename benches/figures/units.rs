//! Builds with dependencies from the store, beside plain cargo and beside sccache,
//! the compiler cache that most people use: real projects from the registry, in
//! checkouts and over a store of the bench's own.
//!
//! All of it lies in one directory, `$CARGO_NIX_BENCH_DIR` or the system's for
//! temporary files: on a file system of its own (a tmpfs, say) nothing that was
//! just deleted elsewhere slows the making of new files down. sccache is taken
//! from PATH, or from `${XDG_CACHE_HOME:-~/.cache}/cargo-nix/bench/sccache/bin`.

mod calls;
mod cold;
mod project;
mod synthetic;

use crate::measure::Sample;
use crate::place::Place;
use crate::report::Row;
use cold::Cold;
use project::{Project, World, succeed, timed};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How often a small project is built into a store without units.
const SMALL_COLD_ROUNDS: usize = 7;
/// How often a larger one is.
const COLD_ROUNDS: usize = 3;
/// How often each warm build is made.
const WARM_ROUNDS: usize = 21;
/// How often sccache makes one, which takes six times as long.
const SCCACHE_ROUNDS: usize = 3;
/// How often each build that has nothing to do is.
const IDLE_ROUNDS: usize = 20;

/// The rows of builds; downloads are made before anything is measured.
///
/// # Panics
/// If a build fails, or does not come from where it has to.
pub fn rows(place: &Place) -> Vec<Row> {
    let mut rows = vec![small_cold_row(place)];
    let world = World::new(place);
    let bat = Project::new(&world, "bat", "0.25.0");
    world.fill();
    let of_bat = Cold::measure(&world, &bat, COLD_ROUNDS);
    rows.push(of_bat.row(&bat));
    rows.extend(warm(&world, &bat, &of_bat));
    rows.extend(calls::rows(&world, &bat));
    rows.extend(synthetic::rows(&world));
    rows
}

/// Those of many small units alone.
pub fn synthetic_rows(place: &Place) -> Vec<Row> {
    let world = World::new(place);
    world.fill();
    synthetic::rows(&world)
}

/// That of a small project, in a store without units each time.
///
/// # Panics
/// As [`rows`].
pub fn small_cold_row(place: &Place) -> Row {
    let world = World::new(place);
    let sd = Project::new(&world, "sd", "1.0.0");
    world.fill();
    Cold::measure(&world, &sd, SMALL_COLD_ROUNDS).row(&sd)
}

fn warm(world: &World, project: &Project, cold: &Cold) -> Vec<Row> {
    eprintln!("bench: {} in fresh checkouts, {WARM_ROUNDS} rounds", project.name);
    let sccache = world.sccache();
    if let Some(sccache) = &sccache {
        sccache.build(world, &project.checkout("sccache-fill"));
    }
    let linked = Linked::new(world, &cold.our_checkout);
    world.await_service();
    let (mut limit, mut ours, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    let (mut theirs, mut least) = (Vec::new(), Vec::new());
    for round in 0..WARM_ROUNDS {
        // The members alone, in a directory in which plain cargo has built the rest.
        // `cargo clean -p` leaves what was compiled incrementally of its build script.
        world.plain_untimed(&cold.plain_checkout, &["clean", "-p", project.name]);
        let _ = std::fs::remove_dir_all(cold.plain_checkout.join("target/debug/incremental"));
        limit.push(world.plain(&cold.plain_checkout, &["build"]));
        ours.push(project.in_checkout("warm", |checkout| world.ours(checkout, &["build"])));
        asked.push(
            world.without_seeds(|| project.in_checkout("asked", |checkout| world.ours(checkout, &["build"]))),
        );
        least.push(project.in_checkout("linked", |checkout| linked.build(checkout)));
        if let Some(sccache) = sccache.as_ref().filter(|_| round < SCCACHE_ROUNDS) {
            theirs.push(project.in_checkout("sccache", |checkout| sccache.build(world, checkout)));
        }
    }
    eprintln!(
        "bench: members alone, ours, by asking, links alone: {limit:.2?}, {ours:.2?}, {asked:.2?}, {least:.2?}"
    );
    let [limit, ours, asked, theirs, least] = [limit, ours, asked, theirs, least].map(Sample::of);
    let seconds = |sample: &Sample| sample.median() / 1e3;
    let over_limit = ours.median() / limit.median();
    let mut rows = vec![Row::of(
        "`bat` in a fresh checkout, everything in the store, over its members alone",
        "<= 1.05 ×",
        format!(
            "{over_limit:.2} × ({:.2} s, {:.2} s); the first such checkout, in which each unit is asked for: {:.2} × \
             ({:.2} s), and with a wrapper that puts links and checks nothing: {:.2} × ({:.2} s)",
            seconds(&ours),
            seconds(&limit),
            asked.median() / limit.median(),
            seconds(&asked),
            least.median() / limit.median(),
            seconds(&least)
        ),
        over_limit <= 1.05,
    )];
    rows.push(match sccache {
        Some(_) => {
            let factor = theirs.median() / ours.median();
            Row::of(
                "the same, faster than sccache with all hits",
                ">= 4 ×",
                format!("{factor:.1} × ({:.1} s)", seconds(&theirs)),
                factor >= 4.0,
            )
        }
        None => Row::of(
            "the same, faster than sccache with all hits",
            ">= 4 ×",
            "not measured: sccache is not there".to_owned(),
            false,
        ),
    });
    rows.push(idle(world, project, cold));
    let (plain, ours) = (
        disk(&cold.plain_checkout.join("target")),
        disk(&cold.our_checkout.join("target")),
    );
    let factor = ours as f64 / plain as f64;
    rows.push(Row::of(
        "all of `target/` of `bat`, as `du` counts it, over plain cargo's",
        "<= 0.5 ×",
        format!(
            "{factor:.2} × ({:.0} MB, {:.0} MB)",
            ours as f64 / 1e6,
            plain as f64 / 1e6
        ),
        factor <= 0.5,
    ));
    rows
}

/// The least that a fresh checkout can take with stock cargo: all that cargo itself
/// does for a unit, and a process that is over at once.
struct Linked<'a> {
    world: &'a World<'a>,
    wrapper: PathBuf,
    outputs: PathBuf,
}

impl<'a> Linked<'a> {
    /// From what is in the `target/` of `built`.
    fn new(world: &'a World<'a>, built: &Path) -> Linked<'a> {
        let outputs = world.path().join("outputs");
        succeed(
            Command::new("cp")
                .arg("-a")
                .arg(built.join("target/debug"))
                .arg(&outputs),
        );
        let wrapper = world.wrapper();
        Linked {
            world,
            wrapper,
            outputs,
        }
    }

    fn build(&self, checkout: &Path) -> Duration {
        // As if they were placed now.
        let find = ["-type", "f", "-exec", "touch", "{}", "+"];
        succeed(Command::new("find").arg(&self.outputs).args(find));
        let variables = [("CARGO_NIX_BENCH_LINKED", self.outputs.as_path())];
        timed(&mut self.world.wrapped(checkout, &self.wrapper, &variables)).0
    }
}

fn idle(world: &World, project: &Project, cold: &Cold) -> Row {
    eprintln!("bench: {} with nothing to do, {IDLE_ROUNDS} rounds", project.name);
    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..IDLE_ROUNDS {
        plain.push(world.plain(&cold.plain_checkout, &["build"]));
        ours.push(world.ours(&cold.our_checkout, &["build"]));
    }
    let (plain, ours) = (Sample::of(plain), Sample::of(ours));
    let factor = ours.median() / plain.median();
    Row::of(
        "a build of `bat` with nothing to do, over plain cargo's",
        "<= 1.05 ×",
        format!(
            "{factor:.2} × ({:.0} ms, {:.0} ms)",
            ours.median(),
            plain.median()
        ),
        factor <= 1.05,
    )
}

/// Bytes on disk below a directory, links not followed, a file with several names
/// once.
fn disk(directory: &Path) -> u64 {
    let output = std::process::Command::new("du")
        .args(["-s", "--block-size=1"])
        .arg(directory)
        .output()
        .expect("du starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let bytes = text
        .split_whitespace()
        .next()
        .and_then(|bytes| bytes.parse().ok());
    bytes.unwrap_or_else(|| panic!("du says of {}: {text}", directory.display()))
}
