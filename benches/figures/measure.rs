//! Whole processes, timed from spawn to exit, candidates in turn.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// How often each candidate runs before anything counts.
const WARM_UP: usize = 5;

/// What is run: a command, and a file for its standard input.
pub struct Candidate {
    /// Without its streams.
    pub command: Command,
    /// `None`: nothing to read.
    pub stdin: Option<PathBuf>,
}

/// What was seen of one candidate.
#[derive(Default)]
pub struct Sample {
    times: Vec<Duration>,
    peak_bytes: u64,
}

impl Sample {
    /// Of these times; their memory is not known.
    pub fn of(times: Vec<Duration>) -> Sample {
        Sample { times, peak_bytes: 0 }
    }

    /// Milliseconds.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Milliseconds; `of` from 0 to 1.
    pub fn quantile(&self, of: f64) -> f64 {
        let mut times = self.times.clone();
        times.sort();
        let index = ((times.len() - 1) as f64 * of).round() as usize;
        times[index].as_secs_f64() * 1e3
    }

    /// The largest resident set of any run.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }
}

/// Runs all candidates once, `rounds` times over.
///
/// # Panics
/// If one of them does not start, or fails.
pub fn interleaved(rounds: usize, candidates: &mut [Candidate]) -> Vec<Sample> {
    let mut samples: Vec<Sample> = candidates.iter().map(|_| Sample::default()).collect();
    for round in 0..WARM_UP + rounds {
        for (candidate, sample) in candidates.iter_mut().zip(&mut samples) {
            let (time, peak) = once(candidate);
            if round >= WARM_UP {
                sample.times.push(time);
                sample.peak_bytes = sample.peak_bytes.max(peak);
            }
        }
    }
    samples
}

fn once(candidate: &mut Candidate) -> (Duration, u64) {
    let stdin = match &candidate.stdin {
        Some(path) => Stdio::from(File::open(path).expect("the file for standard input")),
        None => Stdio::null(),
    };
    let command = candidate
        .command
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().expect("the candidate starts");
    let used = child.wait4().expect("the candidate is waited for");
    let time = start.elapsed();
    assert!(used.status.success(), "{command:?} failed: {}", used.status);
    (time, used.rusage.maxrss)
}
