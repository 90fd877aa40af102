//! The builds that the journal tells of, read back.
//!
//! Never: an error for what cannot be read; a line that makes no sense is no
//! line. What a stranger may have written into the cache is shown as text.

use super::journal::{self, Entry, Line, Outcome};
use serde::Serialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// One cargo process and the units that it asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// See [`journal::build_id`].
    pub id: String,
    /// cargo's command line; empty where the system does not tell.
    pub command: Vec<String>,
    /// In the order in which they were asked for.
    pub units: Vec<Entry>,
}

/// Figures of a build. Seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    /// Units.
    pub units: usize,
    /// Those that were in the store.
    pub hits: usize,
    /// Of these, those that this cache did not know of, and that took longer.
    pub found: usize,
    /// Those that were built into the store.
    pub built: usize,
    /// Those that rustc compiled as if we were not there.
    pub local: usize,
    /// Of these, the units of members and path dependencies.
    pub members: usize,
    /// Those whose builder failed.
    pub failed: usize,
    /// From the first unit's beginning to the last one's end.
    pub wall: f64,
    /// All units' times, one after the other, where they are known.
    pub spent: f64,
    /// What the hits took when they were built, where that is known, less what they
    /// take as hits.
    pub saved: f64,
}

/// Every build that is remembered, the oldest first.
pub fn read(cache: &Path) -> Vec<Build> {
    let Ok(files) = std::fs::read_dir(journal::directory(cache)) else {
        return Vec::new();
    };
    let mut builds: Vec<Build> = files
        .flatten()
        .filter_map(|file| {
            let id = file.file_name().into_string().ok()?;
            build(cache, &id)
        })
        .collect();
    builds.sort_by_key(Build::start);
    settle(&mut builds, journal::written);
    builds
}

/// One of them, by its id.
pub fn build(cache: &Path, id: &str) -> Option<Build> {
    let text = std::fs::read(journal::directory(cache).join(id)).ok()?;
    Build::parse(id.to_owned(), &String::from_utf8_lossy(&text))
}

/// Learns when local units ended: from what a later build found in their
/// place, or from what lies there now (`written`).
fn settle(builds: &mut [Build], written: impl Fn(&Path, &str, &str) -> Option<u64>) {
    let mut later: HashMap<(PathBuf, String), Option<u64>> = HashMap::new();
    for unit in builds
        .iter_mut()
        .rev()
        .flat_map(|build| build.units.iter_mut().rev())
    {
        let place = (unit.dir.clone(), unit.stem.clone());
        let end = match later.insert(place, unit.before) {
            Some(found) => found,
            None if unit.took.is_none() => written(&unit.dir, &unit.stem, &unit.package),
            None => None,
        };
        if unit.took.is_none() {
            unit.took = end.and_then(|end| end.checked_sub(unit.start));
        }
    }
}

impl Build {
    fn parse(id: String, text: &str) -> Option<Build> {
        let mut build = Build {
            id,
            command: Vec::new(),
            units: Vec::new(),
        };
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(Line::Build { command }) => build.command = command,
                Ok(Line::Unit(unit)) => build.units.push(*unit),
                Err(_) => {}
            }
        }
        // A hit is noted when it is done, a local unit when it begins.
        build.units.sort_by_key(|unit| unit.start);
        (!build.units.is_empty()).then_some(build)
    }

    /// When its first unit was asked for, microseconds since the epoch.
    pub fn start(&self) -> u64 {
        self.units.first().map_or(0, |unit| unit.start)
    }

    /// When the last of its units is known to have ended, likewise.
    pub fn end(&self) -> u64 {
        self.units.iter().map(Entry::end).max().unwrap_or_default()
    }

    /// Seconds since it began.
    pub fn age(&self) -> f64 {
        seconds(journal::micros(SystemTime::now()).saturating_sub(self.start()))
    }

    /// The target directory of most of its units.
    pub fn target(&self) -> PathBuf {
        let unit = self.units.iter().find(|unit| !unit.dir.as_os_str().is_empty());
        unit.map(Entry::target).unwrap_or_default()
    }

    /// `cargo build --release`, or just `cargo`.
    pub fn called(&self) -> String {
        let Some((program, rest)) = self.command.split_first() else {
            return "cargo".into();
        };
        let program = program.rsplit('/').next().unwrap_or_default();
        [
            &[program],
            &rest.iter().map(String::as_str).collect::<Vec<_>>()[..],
        ]
        .concat()
        .join(" ")
    }

    /// Its figures.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums {
            units: self.units.len(),
            wall: seconds(self.end().saturating_sub(self.start())),
            ..Sums::default()
        };
        for unit in &self.units {
            let took = unit.took.map_or(0.0, seconds);
            sums.spent += took;
            match unit.outcome {
                Outcome::Hit | Outcome::Found => {
                    sums.hits += 1;
                    sums.found += usize::from(unit.outcome == Outcome::Found);
                    sums.saved += (unit.cost.unwrap_or_default() - took).max(0.0);
                }
                Outcome::Built => sums.built += 1,
                Outcome::Failed => sums.failed += 1,
                Outcome::Local => {
                    sums.local += 1;
                    sums.members += usize::from(unit.is_member());
                }
            }
        }
        sums
    }
}

impl Entry {
    /// When it is known to have been at work last, microseconds since the epoch.
    pub fn end(&self) -> u64 {
        self.start + self.took.unwrap_or_default()
    }

    /// The target directory it is for. Cargo tags it; when it is gone, the way
    /// from it to a unit has to do.
    pub fn target(&self) -> PathBuf {
        let is_tagged = |dir: &&Path| dir.join("CACHEDIR.TAG").exists();
        let depth = if self.kind == "run" { 3 } else { 2 };
        let found = self.dir.ancestors().find(is_tagged);
        found
            .or_else(|| self.dir.ancestors().nth(depth))
            .unwrap_or(&self.dir)
            .to_owned()
    }
}

/// Of microseconds.
pub fn seconds(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64()
}

/// `12 ms`, `3.4 s`, `2 m 05 s`, `1 h 02 m`.
pub fn human(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    let whole = seconds.round();
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else if whole < 3600.0 {
        format!("{:.0} m {:02.0} s", (whole / 60.0).floor(), whole % 60.0)
    } else {
        let minutes = (whole / 60.0).floor();
        format!("{:.0} h {:02.0} m", (minutes / 60.0).floor(), minutes % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(start: u64, before: Option<u64>) -> String {
        let before = before.map_or(String::new(), |before| format!(",\"before\":{before}"));
        format!(
            "{{\"unit\":{{\"outcome\":\"local\",\"package\":\"a\",\"version\":\"1.0.0\",\"kind\":\"lib\",\
             \"stem\":\"a-1\",\"dir\":\"/t/debug/deps\",\"start\":{start},\"took\":null{before}}}}}\n"
        )
    }

    #[test]
    fn what_makes_no_sense_is_no_line() {
        let text = format!(
            "noise\n{{\"build\":{{\"command\":[\"/x/cargo\",\"build\"]}}}}\n{}{{\"unit\"",
            local(5, None)
        );
        let build = Build::parse("1-2".into(), &text).unwrap();
        assert_eq!((build.units.len(), build.called().as_str()), (1, "cargo build"));
        assert!(Build::parse("1-2".into(), "noise").is_none());
    }

    /// A build ends when the next one finds its outputs; the last one when the
    /// outputs that lie there were written.
    #[test]
    fn local_units_end_when_their_outputs_were_written() {
        let parse = |start, before| Build::parse("1-2".into(), &local(start, before)).unwrap();
        let mut builds = [
            parse(1000, None),
            parse(5000, Some(3000)),
            parse(9000, Some(4000)),
        ];
        settle(&mut builds, |_, _, _| Some(9500));
        let took: Vec<_> = builds.iter().map(|build| build.units[0].took).collect();
        assert_eq!(took, [Some(2000), None, Some(500)]);
    }

    #[test]
    fn times_as_people_read_them() {
        for (seconds, text) in [
            (0.0, "0 ms"),
            (0.9994, "999 ms"),
            (0.9996, "1.0 s"),
            (59.96, "1 m 00 s"),
            (125.2, "2 m 05 s"),
            (3599.7, "1 h 00 m"),
            (3720.0, "1 h 02 m"),
        ] {
            assert_eq!(human(seconds), text, "{seconds}");
        }
    }
}
