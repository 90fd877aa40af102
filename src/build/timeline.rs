//! A build as one self-contained page, in the manner of `cargo build --timings`:
//! its figures, when each unit was at work, how many at once, and a table.
//! `timeline.html` is the frame; nothing in it is loaded from elsewhere, and
//! nothing in it runs.

use super::history::{Build, human, seconds};
use super::journal::{Entry, Outcome};
use std::fmt::Write;

const FRAME: &str = include_str!("timeline.html");

/// Of the drawings, in units of their own.
const WIDTH: f64 = 1000.0;
const ROW: f64 = 18.0;
const CHART: f64 = 120.0;
/// What the times above a drawing take.
const TOP: f64 = 18.0;
/// Points of the curve of how many units are at work.
const POINTS: usize = 250;

/// The page. Text is escaped.
pub fn html(build: &Build) -> String {
    let sums = build.sums();
    let mut page = String::new();
    let mut rest = FRAME;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((place, after)) = after.split_once("}}") else {
            break;
        };
        page.push_str(before);
        page.push_str(&match place {
            "title" => escape(&build.called()),
            "target" => escape(&build.target().to_string_lossy()),
            "units" => sums.units.to_string(),
            "hits" => sums.hits.to_string(),
            "built" => sums.built.to_string(),
            "local" => sums.local.to_string(),
            "failed" => sums.failed.to_string(),
            "wall" => human(sums.wall),
            "spent" => human(sums.spent),
            "saved" => human(sums.saved),
            "timeline" => timeline(build),
            "concurrency" => concurrency(build),
            "rows" => rows(build),
            other => unreachable!("timeline.html has no place {other}"),
        });
        rest = after;
    }
    page + rest
}

/// Text as HTML, in attributes too.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn class(unit: &Entry) -> &'static str {
    match unit.outcome {
        Outcome::Hit | Outcome::Found => "hit",
        Outcome::Built => "built",
        Outcome::Failed => "failed",
        Outcome::Local if unit.is_member() => "member",
        Outcome::Local => "local",
    }
}

/// `serde 1.0.203`, with what it is of that package if that is not its library.
pub fn label(unit: &Entry) -> String {
    let mut label = format!("{} {}", unit.package, unit.version);
    if unit.kind != "lib" {
        let _ = write!(label, " ({})", unit.kind);
    }
    if unit.check {
        label.push_str(" (check)");
    }
    label
}

/// The length of the build in seconds, never 0.
fn length(build: &Build) -> f64 {
    seconds(build.end().saturating_sub(build.start())).max(1e-3)
}

/// A distance between two lines of the scale that makes at most ten of them.
fn step(length: f64) -> f64 {
    let decade = 10_f64.powf((length / 10.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .iter()
        .map(|times| times * decade)
        .find(|step| length / step <= 10.0)
        .unwrap_or(length)
}

/// The lines of the scale, with their times above them.
fn scale(length: f64, height: f64) -> String {
    let (step, mut out, mut at) = (step(length), String::new(), 0.0);
    while at <= length {
        let x = at / length * WIDTH;
        // At the very end there is no room for it.
        let time = if x < WIDTH - 45.0 {
            human(at)
        } else {
            String::new()
        };
        let _ = write!(
            out,
            r#"<line class="scale" x1="{x:.1}" x2="{x:.1}" y1="0" y2="{}"/><text class="scale" x="{:.1}" y="11">{}</text>"#,
            height + TOP,
            x + 3.0,
            time,
        );
        at += step;
    }
    out + &format!(r#"<g transform="translate(0 {TOP})">"#)
}

fn timeline(build: &Build) -> String {
    let (start, length) = (build.start(), length(build));
    let height = ROW * count(build.units.len());
    let mut out = svg("units", height + TOP, "when each unit was at work");
    out.push_str(&scale(length, height));
    for (row, unit) in build.units.iter().enumerate() {
        let from = seconds(unit.start - start) / length * WIDTH;
        let took = unit.took.map(seconds);
        let width = (took.unwrap_or_default() / length * WIDTH).max(2.0);
        let (y, label) = (ROW * count(row), escape(&label(unit)));
        // Beside the bar, on the side where there is room.
        let (x, anchor) = if from + width > 0.75 * WIDTH && from > 0.25 * WIDTH {
            (from - 4.0, "end")
        } else if from + width > 0.75 * WIDTH {
            (from + 4.0, "start")
        } else {
            (from + width + 4.0, "start")
        };
        let time = took.map_or(String::new(), |took| format!(" {}", human(took)));
        let _ = write!(
            out,
            r#"<g><title>{label}: {}{}</title><rect class="{}" x="{from:.2}" y="{:.1}" width="{width:.2}" height="{:.1}" rx="2"/><text x="{x:.1}" y="{:.1}" text-anchor="{anchor}">{label}<tspan class="time">{time}</tspan></text></g>"#,
            escape(&told(unit)),
            time,
            class(unit),
            y + 2.0,
            ROW - 4.0,
            y + ROW - 5.0,
        );
    }
    out + "</g></svg>"
}

/// How many units were at work at once.
fn concurrency(build: &Build) -> String {
    let (start, length) = (build.start(), length(build));
    let working = |time: f64| {
        let is_at_work = |unit: &&Entry| {
            let from = seconds(unit.start - start);
            from <= time && time < from + unit.took.map_or(0.0, seconds)
        };
        build.units.iter().filter(is_at_work).count()
    };
    let levels: Vec<usize> = (0..=POINTS)
        .map(|point| working(count(point) / count(POINTS) * length))
        .collect();
    let most = levels.iter().copied().max().unwrap_or_default().max(1);
    let mut path = format!("M0 {CHART}");
    for (point, level) in levels.iter().enumerate() {
        let x = count(point) / count(POINTS) * WIDTH;
        let y = CHART * (1.0 - count(*level) / count(most));
        let _ = write!(path, "L{x:.1} {y:.1}");
    }
    let _ = write!(path, "L{WIDTH} {CHART}Z");
    format!(
        "{}{}<path class=\"curve\" d=\"{path}\"/><text class=\"scale\" x=\"{WIDTH}\" y=\"11\" text-anchor=\"end\">at most {most} at once</text></g></svg>",
        svg("concurrency", CHART + TOP, "how many units were at work at once"),
        scale(length, CHART),
    )
}

fn svg(class: &str, height: f64, said: &str) -> String {
    format!(r#"<svg class="{class}" role="img" aria-label="{said}" viewBox="0 0 {WIDTH} {height}">"#)
}

#[allow(clippy::cast_precision_loss, reason = "counts of units, far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}

fn told(unit: &Entry) -> String {
    match (unit.outcome, &unit.reason) {
        (Outcome::Hit, _) => "hit".into(),
        (Outcome::Found, _) => "hit, of which this cache did not know".into(),
        (Outcome::Built, _) => "built into the store".into(),
        (Outcome::Failed, reason) => format!("failed: {}", reason.as_deref().unwrap_or_default()),
        (Outcome::Local, reason) => format!("local: {}", reason.as_deref().unwrap_or_default()),
    }
}

/// The table, the longest unit first.
fn rows(build: &Build) -> String {
    let mut units: Vec<&Entry> = build.units.iter().collect();
    units.sort_by_key(|unit| std::cmp::Reverse(unit.took));
    let time = |time: Option<f64>| time.map_or("?".into(), human);
    let mut out = String::new();
    for unit in units {
        let cost = if class(unit) == "hit" {
            time(unit.cost)
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            r#"<tr><th scope="row"><span class="swatch {}"></span>{}</th><td>{}</td><td class="number">{}</td><td class="number">{cost}</td></tr>"#,
            class(unit),
            escape(&label(unit)),
            escape(&told(unit)),
            time(unit.took.map(seconds)),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_has_few_lines() {
        for (length, expected) in [
            (0.05, 0.005),
            (1.0, 0.1),
            (5.6, 1.0),
            (68.0, 10.0),
            (3600.0, 500.0),
        ] {
            let step = step(length);
            assert!((step - expected).abs() < 1e-9, "{length}: {step}");
            assert!(length / step <= 10.0 + 1e-9);
        }
    }

    #[test]
    fn names_cannot_break_out_of_the_page() {
        assert_eq!(escape("<a b='\"&"), "&lt;a b=&#39;&quot;&amp;");
    }
}
