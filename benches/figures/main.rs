//! `make bench`: the figures of the README, as a table in Markdown on standard
//! output. UPDATE=1 writes the table into the README too, between its markers;
//! ONLY=units measures builds alone, ONLY=synthetic of them those of many small
//! units, ONLY=cold a small one in empty stores, ONLY=direnv what direnv takes.
//!
//! Whole processes are measured from spawn to exit, the candidates in turn, so
//! that a busy machine slows all of them; ratios are of one run. Nothing is
//! asserted here but that the programs work: a row that misses its limit says so.

mod background;
mod direnv;
mod measure;
mod outside;
mod place;
mod prompt;
mod report;
mod units;

use measure::{Sample, interleaved};
use place::Place;
use report::Row;
use std::path::Path;

/// How often each hot candidate is run.
const HOT_ROUNDS: usize = 300;
/// How often the evaluator is.
const COLD_ROUNDS: usize = 30;
/// How often a prompt over a slow file system is.
const SLOW_ROUNDS: usize = 30;

fn main() {
    let place = Place::new();
    if let Some(only) = std::env::var_os("ONLY") {
        println!("{}", report::table(&rows_of(&only.to_string_lossy(), &place)));
        return;
    }
    eprintln!("bench: an empty program, two projects, and the store filled");
    let empty = place.empty_program();
    let small = place.project("small", 0);
    let large = place.project("large", 2_000);
    let request = place.fill(&small);
    place.fill(&large);

    eprintln!("bench: {HOT_ROUNDS} rounds of the hot path");
    let hot = interleaved(
        HOT_ROUNDS,
        &mut [
            place.plain(&empty),
            place.env_print(&small),
            place.env_print(&large),
        ],
    );
    eprintln!("bench: {COLD_ROUNDS} rounds of the evaluator");
    let cold = interleaved(COLD_ROUNDS, &mut [place.evaluate(&request)]);

    eprintln!("bench: {HOT_ROUNDS} prompts of bash, inside and outside");
    place.allow(&small);
    let prompts = [(small.as_path(), "ready"), (Path::new("/"), "")]
        .map(|(directory, status)| prompt::prompts(&place, directory, status, HOT_ROUNDS));

    let mut rows = rows(&place.program(), &hot, &cold[0], &prompts);
    rows.push(prompt::slow(&place, &small, &prompts[0], SLOW_ROUNDS));
    rows.push(outside::row(&place, &small, HOT_ROUNDS));
    rows.extend(direnv::rows(&place, &small));
    rows.extend(background::rows(
        &place,
        &small,
        &small.with_file_name("direnv-ours"),
    ));
    rows.push(background::at_once(&place));
    rows.extend(units::rows(&place));

    let table = report::table(&rows);
    println!("{table}");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        report::write_into(&Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"), &table);
    }
}

/// A part of the rows.
fn rows_of(part: &str, place: &Place) -> Vec<Row> {
    match part {
        "units" => units::rows(place),
        "synthetic" => units::synthetic_rows(place),
        "cold" => vec![units::small_cold_row(place)],
        "direnv" => {
            let project = place.project("small", 0);
            place.fill(&project);
            direnv::rows(place, &project)
        }
        _ => panic!("ONLY is 'units', 'synthetic', 'cold' or 'direnv', and not '{part}'"),
    }
}

fn rows(program: &Path, hot: &[Sample], cold: &Sample, [inside, outside]: &[Sample; 2]) -> Vec<Row> {
    let [empty, small, large] = hot else {
        unreachable!("three candidates")
    };
    let size = std::fs::metadata(program).expect("the program is built").len();
    let ratio = small.median() / empty.median();
    vec![
        Row::time("an empty Rust program, start to exit", None, empty),
        Row::time("`cargo-nix env --print`, cached, whole process", Some(3.0), small).and(
            "of an empty program's time",
            ratio,
            4.0,
        ),
        Row::time("the same, 2,000 files in the input set", Some(15.0), large),
        Row::time(
            "evaluator, start to answer; host set, everything realised",
            Some(150.0),
            cold,
        ),
        Row::time(
            "hook of bash, prompt inside a project, nothing changed",
            Some(2.5),
            inside,
        ),
        Row::time(
            "the same, outside every project: nothing is started",
            None,
            outside,
        ),
        Row::megabytes("peak memory of the hot path", 12.0, small.peak_bytes()),
        Row::megabytes("size of the thin program", 6.0, size),
        Row::libraries("libnix among the thin program's libraries", program),
    ]
}
