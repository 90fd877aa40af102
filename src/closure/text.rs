//! A closure as a person reads it in a terminal.

use super::graph::Graph;
use super::name::StoreName;
use super::report::{Report, Row};
use super::why::Why;
use crate::env::dump::HostPart;
use std::fmt::Write;

/// Bytes in IEC units, one decimal: `513 B`, `1.5 KiB`, `1.2 GiB`.
pub fn iec(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut size = bytes as f64 / 1024.0;
    // What would be rounded to 1024.0 belongs to the next unit.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// The whole closure as an aligned table, the total, and what the machine
/// gives. With `colour`, what matters less is dim.
pub fn text(report: &Report<'_>, colour: bool) -> String {
    let mut out = String::new();
    let width = report.paths.iter().map(|row| row.path.len()).max().unwrap_or(0);
    let dim = Dim { colour };
    let head = format!("{:>10} {:>10}  {:width$}  brought in by", "added", "own", "path");
    put(&mut out, &dim.of(&head));
    for row in &report.paths {
        let name = StoreName::of(row.path);
        let line = format!(
            "{:>10} {:>10}  {}{}{:pad$}  {}",
            iec(row.added_size),
            iec(row.own_size),
            dim.of(name.prefix),
            name.name,
            "",
            brought_in_by(row),
            pad = width - row.path.len(),
        );
        put(&mut out, line.trim_end());
    }
    put(&mut out, "");
    let paths = match report.paths.len() {
        1 => "1 path".to_owned(),
        n => format!("{n} paths"),
    };
    put(&mut out, &format!("total {} in {paths}", iec(report.total_size)));
    host(&mut out, &report.host);
    out
}

/// `rust-1.95.0 > rustc-1.95.0, also cargo-1.95.0 and 2 more`
fn brought_in_by(row: &Row<'_>) -> String {
    let name = |path: &&str| StoreName::of(path).name.to_owned();
    let chain: Vec<String> = match &row.chain[..] {
        [] | [_] => return String::new(),
        [_, _] => vec!["the environment".to_owned()],
        [_, between @ .., _] => between.iter().map(name).collect(),
    };
    let others: Vec<String> = row.brought_in_by.iter().skip(1).map(name).collect();
    let mut told = chain.join(" > ");
    if let [first, rest @ ..] = &others[..] {
        let _ = write!(told, ", also {first}");
        match rest {
            [] => {}
            [second] => {
                let _ = write!(told, ", {second}");
            }
            more => {
                let _ = write!(told, " and {} more", more.len());
            }
        }
    }
    told
}

/// What comes from the machine, one path a line.
fn host(out: &mut String, parts: &[&HostPart]) {
    if parts.is_empty() {
        return;
    }
    put(out, "");
    put(out, "from this machine, not from the store:");
    let names = parts
        .iter()
        .map(|part| part.name.chars().count())
        .max()
        .unwrap_or(0);
    let versions = parts
        .iter()
        .map(|part| part.version.chars().count())
        .max()
        .unwrap_or(0);
    for part in parts {
        let head = format!("  {:names$}  {:versions$}  ", part.name, part.version);
        let indent = " ".repeat(head.chars().count());
        put(
            out,
            format!("{head}{}", part.paths.join(&format!("\n{indent}"))).trim_end(),
        );
    }
}

/// Why a path is there: its sizes, then each chain as a ladder.
pub fn why_text(graph: &Graph, why: &Why) -> String {
    let mut out = String::new();
    let node = &graph.nodes[why.target];
    put(&mut out, &node.path);
    put(
        &mut out,
        &format!("  own size {}, added size {}", iec(node.own), iec(node.added)),
    );
    if why.target == 0 {
        put(&mut out, "  it is the environment itself");
        return out;
    }
    let steps = match node.distance {
        1 => "1 reference".to_owned(),
        n => format!("{n} references"),
    };
    let chains = match why.count {
        1 => "1 shortest chain".to_owned(),
        n => format!("{n} shortest chains"),
    };
    put(&mut out, &format!("  {chains} of {steps} from the environment"));
    for chain in &why.chains {
        put(&mut out, "");
        for (step, &i) in chain.iter().enumerate() {
            let indent = "  ".repeat(step);
            put(&mut out, &format!("{indent}{}", graph.nodes[i].path));
        }
    }
    let told = u64::try_from(why.chains.len()).unwrap_or(u64::MAX);
    if why.count > told {
        put(&mut out, "");
        put(&mut out, &format!("and {} more", why.count - told));
    }
    out
}

/// Dims, or does not.
struct Dim {
    colour: bool,
}

impl Dim {
    fn of(&self, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[2m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

fn put(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::iec;

    #[test]
    fn sizes_are_told_in_iec_units() {
        let told = [0, 1023, 1024, 1536, 1024 * 1024 - 1, 1_288_490_189, u64::MAX].map(iec);
        assert_eq!(
            told,
            [
                "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.2 GiB", "16.0 EiB"
            ]
        );
    }
}
