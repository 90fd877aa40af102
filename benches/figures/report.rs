//! The table, and the machine it was measured on.

use crate::measure::Sample;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const BEGIN: &str = "<!-- bench:begin -->\n";
const END: &str = "<!-- bench:end -->";

/// A line of the table.
pub struct Row {
    what: String,
    limit: String,
    is: String,
    kept: bool,
}

impl Row {
    /// Any row: what is told, and whether that keeps the limit.
    pub fn of(what: &str, limit: &str, is: String, kept: bool) -> Row {
        Row {
            what: what.to_owned(),
            limit: limit.to_owned(),
            is,
            kept,
        }
    }

    /// Median, with the slowest twentieth; `limit` in milliseconds for the median.
    pub fn time(what: &str, limit: Option<f64>, sample: &Sample) -> Row {
        let median = sample.median();
        Row {
            what: what.to_owned(),
            limit: limit.map_or_else(String::new, |limit| format!("<= {limit} ms")),
            is: format!("{median:.2} ms (95 %: {:.2} ms)", sample.quantile(0.95)),
            kept: limit.is_none_or(|limit| median <= limit),
        }
    }

    /// A second condition: a factor and its limit.
    pub fn and(mut self, of_what: &str, factor: f64, limit: f64) -> Row {
        write!(self.limit, ", <= {limit} × an empty program").expect("a String takes everything");
        write!(self.is, "; {factor:.1} × {}", of_what.trim_start_matches("of "))
            .expect("a String takes everything");
        self.kept &= factor <= limit;
        self
    }

    /// A size; `limit` in MB (10^6 bytes).
    pub fn megabytes(what: &str, limit: f64, bytes: u64) -> Row {
        let size = bytes as f64 / 1e6;
        Row {
            what: what.to_owned(),
            limit: format!("<= {limit} MB"),
            is: format!("{size:.1} MB"),
            kept: size <= limit,
        }
    }

    /// What `readelf -d` (`otool -L`) says of libnix.
    pub fn libraries(what: &str, program: &Path) -> Row {
        let (tool, flag) = if cfg!(target_os = "macos") {
            ("otool", "-L")
        } else {
            ("readelf", "-d")
        };
        let output = Command::new(tool)
            .arg(flag)
            .arg(program)
            .output()
            .expect("binutils are installed");
        assert!(output.status.success(), "{tool} reads {}", program.display());
        let found = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter(|line| line.contains("libnix"))
            .count();
        Row {
            what: what.to_owned(),
            limit: "none".to_owned(),
            is: found.to_string(),
            kept: found == 0,
        }
    }
}

/// The table in Markdown, with the machine below it.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("| what | must be | is |\n|---|---|---|\n");
    for row in rows {
        let miss = if row.kept { "" } else { " **(missed)**" };
        writeln!(text, "| {} | {} | {}{miss} |", row.what, row.limit, row.is)
            .expect("a String takes everything");
    }
    let _ = writeln!(text, "\nMeasured on {}.", machine());
    text
}

fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, key: &str| {
        text.lines()
            .find_map(|line| {
                line.strip_prefix(key)?
                    .split_once([':', '='])
                    .map(|(_, value)| value.to_owned())
            })
            .map(|value| value.trim().trim_matches('"').to_owned())
            .unwrap_or_else(|| "unknown".to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let first_line = |program: &str, flag: &str| {
        let output = Command::new(program).arg(flag).output();
        output
            .map(|output| {
                String::from_utf8_lossy(&output.stdout)
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .unwrap_or_default()
    };
    let memory = value(&read("/proc/meminfo"), "MemTotal");
    format!(
        "{cores} cores of {}, {memory} memory, {}, kernel {}, {}; {}",
        value(&read("/proc/cpuinfo"), "model name"),
        value(&read("/etc/os-release"), "PRETTY_NAME"),
        first_line("uname", "-r"),
        first_line("rustc", "--version"),
        company(&read("/proc/loadavg"), &read("/proc/self/stat")),
    )
}

/// How busy the machine is, and whether we are preferred to the others.
fn company(loadavg: &str, stat: &str) -> String {
    let load = loadavg.split(' ').next().unwrap_or_default();
    // proc(5): the 41st field; the second one, a name in brackets, may hold blanks.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let preferred = matches!(fields.split(' ').nth(38), Some("1" | "2"));
    let by = if preferred {
        ", measured with real-time priority"
    } else {
        ""
    };
    format!("load average {load}{by}")
}

/// Puts `table` between the markers of `readme`.
///
/// # Panics
/// If there are no markers.
pub fn write_into(readme: &Path, table: &str) {
    let text = std::fs::read_to_string(readme).expect("the README is read");
    let (before, rest) = text.split_once(BEGIN).expect("the README has the first marker");
    let (_, after) = rest.split_once(END).expect("the README has the second marker");
    std::fs::write(readme, format!("{before}{BEGIN}{table}{END}{after}")).expect("the README is written");
    eprintln!("bench: written into {}", readme.display());
}
