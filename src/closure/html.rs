//! A closure as one self-contained page: a treemap, what the machine gives,
//! and a table of every path. `report.html` is the frame; nothing in it is
//! loaded from elsewhere, and nothing in it runs.

use super::name::{Kind, StoreName};
use super::report::{Report, Row};
use super::text::iec;
use super::treemap::{Rect, squarify};
use std::collections::HashMap;
use std::fmt::Write;

const FRAME: &str = include_str!("report.html");

/// The page. Text is escaped; the order is the report's.
pub fn html(report: &Report<'_>) -> String {
    let count = match report.paths.len() {
        1 => "1 path".to_owned(),
        n => format!("{n} paths"),
    };
    fill(|place| match place {
        "title" => escape(StoreName::of(report.environment).name),
        "total" => iec(report.total_size),
        "count" => count.clone(),
        "environment" => escape(report.environment),
        "legend" => legend(report),
        "treemaps" => VIEWPORTS
            .iter()
            .map(|viewport| treemap(report, viewport))
            .collect(),
        "host" => host(report),
        "rows" => rows(report),
        other => unreachable!("report.html has no place {other}"),
    })
}

/// The frame with each `{{place}}` filled in, once: what is filled in is not
/// looked at again.
fn fill(content: impl Fn(&str) -> String) -> String {
    let mut page = String::new();
    let mut rest = FRAME;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((place, after)) = after.split_once("}}") else {
            break;
        };
        page.push_str(before);
        page.push_str(&content(place));
        rest = after;
    }
    page + rest
}

/// Text as HTML, in attributes too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Rows of one kind, with their numbers, and their size in all.
struct Group<'a> {
    kind: Kind,
    size: u64,
    rows: Vec<(usize, &'a Row<'a>)>,
}

/// The kinds that are there, the largest first; in each the largest path first.
fn groups<'a>(report: &'a Report<'a>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Kind::ALL
        .iter()
        .map(|&kind| {
            let of_kind = report
                .paths
                .iter()
                .enumerate()
                .filter(|(_, row)| row.kind == kind);
            let mut rows: Vec<(usize, &Row<'a>)> = of_kind.collect();
            rows.sort_by_key(|(i, row)| (std::cmp::Reverse(row.own_size), *i));
            Group {
                kind,
                size: rows.iter().map(|(_, row)| row.own_size).sum(),
                rows,
            }
        })
        .filter(|group| !group.rows.is_empty())
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.size));
    groups
}

fn legend(report: &Report<'_>) -> String {
    let mut out = String::new();
    for group in groups(report) {
        let _ = writeln!(
            out,
            "<li><span class=\"swatch {}\"></span>{} <span class=\"quiet number\">{}</span></li>",
            group.kind.word(),
            group.kind.title(),
            iec(group.size)
        );
    }
    out
}

/// The same map for three widths of window, so that labels are readable in each.
struct Viewport {
    class: &'static str,
    width: f64,
    height: f64,
    font: f64,
}

const VIEWPORTS: [Viewport; 3] = [
    Viewport {
        class: "wide",
        width: 1240.0,
        height: 520.0,
        font: 14.0,
    },
    Viewport {
        class: "large",
        width: 800.0,
        height: 520.0,
        font: 14.0,
    },
    Viewport {
        class: "small",
        width: 370.0,
        height: 520.0,
        font: 13.0,
    },
];

/// Cells smaller than this (in square units) are drawn as one.
const SMALLEST: f64 = 60.0;

fn treemap(report: &Report<'_>, viewport: &Viewport) -> String {
    let mut out = String::new();
    let Viewport {
        class, width, height, ..
    } = *viewport;
    let _ = writeln!(
        out,
        "<svg class=\"treemap {class}\" viewBox=\"0 0 {width} {height}\" role=\"group\" \
         aria-label=\"The paths as areas, by own size; the table below says the same\">"
    );
    let groups = groups(report);
    let weights: Vec<f64> = groups.iter().map(|group| group.size as f64).collect();
    let whole = Rect {
        x: 0.0,
        y: 0.0,
        w: width,
        h: height,
    };
    for (group, within) in groups.iter().zip(squarify(&weights, whole)) {
        cells(&mut out, group, within, viewport);
    }
    out.push_str("</svg>\n");
    out
}

/// The cells of one kind; what is too small to be seen shares the last one.
fn cells(out: &mut String, group: &Group<'_>, within: Rect, viewport: &Viewport) {
    let unit = within.area() / group.size.max(1) as f64;
    let mut seen = group
        .rows
        .partition_point(|(_, row)| row.own_size as f64 * unit >= SMALLEST);
    // One alone is no crowd.
    if seen + 1 == group.rows.len() {
        seen += 1;
    }
    let (large, small) = group.rows.split_at(seen);
    let rest: u64 = small.iter().map(|(_, row)| row.own_size).sum();
    let mut drawn: Vec<(usize, String, u64)> = large
        .iter()
        .map(|(i, row)| (*i, row.name.to_owned(), row.own_size))
        .collect();
    if let Some((first, _)) = small.first() {
        drawn.push((*first, format!("{} smaller", small.len()), rest));
        drawn.sort_by_key(|(i, _, size)| (std::cmp::Reverse(*size), *i));
    }
    let weights: Vec<f64> = drawn.iter().map(|(_, _, size)| *size as f64).collect();
    for ((i, name, size), rect) in drawn.iter().zip(squarify(&weights, within)) {
        cell(out, group.kind, (*i, name, &iec(*size)), rect, viewport.font);
    }
}

fn cell(out: &mut String, kind: Kind, (row, name, size): (usize, &str, &str), rect: Rect, font: f64) {
    let Rect { x, y, w, h } = rect;
    let _ = write!(
        out,
        "<a href=\"#p{row}\"><title>{}, {size}, {}</title>\
         <rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"3\"/>",
        escape(name),
        kind.title(),
        kind.word(),
    );
    let pad = font * 0.5;
    // Half an em is a little more than a letter of a sans-serif face takes.
    let letters = ((w - 2.0 * pad) / (font * 0.56)).max(0.0) as usize;
    let mut line = |class: &str, text: Option<String>, row: f64| {
        let below = y + pad + font * (0.8 + 1.3 * row);
        if below + font * 0.2 <= y + h
            && let Some(text) = text
        {
            let left = x + pad;
            let _ = write!(
                out,
                "<text class=\"{class}\" x=\"{left:.1}\" y=\"{below:.1}\" font-size=\"{font}\">{}</text>",
                escape(&text)
            );
        }
    };
    line("label", label(name, letters), 0.0);
    // Part of a number would be another number.
    line(
        "size",
        Some(size.to_owned()).filter(|size| size.len() <= letters),
        1.0,
    );
    out.push_str("</a>\n");
}

/// What `letters` can tell of a name: all, or the package, or its beginning.
fn label(name: &str, letters: usize) -> Option<String> {
    let package = StoreName::of(name).package;
    let fits = |text: &&str| text.chars().count() <= letters;
    match [name, package].into_iter().find(fits) {
        Some(text) => Some(text.to_owned()),
        None if letters >= 6 => Some(name.chars().take(letters - 1).chain(['…']).collect()),
        None => None,
    }
}

fn host(report: &Report<'_>) -> String {
    if report.host.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<section>\n<h2>From this machine, not from the store</h2>\n<table class=\"host-parts\">\n\
         <thead><tr><th scope=\"col\">What</th><th scope=\"col\">Version</th>\
         <th scope=\"col\">Where</th></tr></thead>\n<tbody>\n",
    );
    for part in &report.host {
        let paths: Vec<String> = part
            .paths
            .iter()
            .map(|path| format!("<code>{}</code>", escape(path)))
            .collect();
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\"><span class=\"name\">{}</span></th><td>{}</td><td>{}</td></tr>",
            escape(&part.name),
            escape(&part.version),
            paths.join("<br>")
        );
    }
    out.push_str("</tbody>\n</table>\n</section>\n");
    out
}

fn rows(report: &Report<'_>) -> String {
    let number: HashMap<&str, usize> = report
        .paths
        .iter()
        .enumerate()
        .map(|(i, row)| (row.path, i))
        .collect();
    let link = |path: &str| {
        let i = number.get(path).copied().unwrap_or(0);
        format!("<a href=\"#p{i}\">{}</a>", escape(StoreName::of(path).name))
    };
    let mut out = String::new();
    for (i, row) in report.paths.iter().enumerate() {
        let part = row.added_size as f64 * 100.0 / report.total_size.max(1) as f64;
        let _ = writeln!(
            out,
            "<tr id=\"p{i}\"><th scope=\"row\"><span class=\"name\"><span class=\"swatch {kind}\" \
             title=\"{title}\"></span>{name}</span><code class=\"quiet\">{path}</code></th>\
             <td class=\"number\" data-label=\"added\">{added}\
             <span class=\"bar\" style=\"width:{part:.1}%\"></span></td>\
             <td class=\"number\" data-label=\"own\">{own}</td><td class=\"by\">{by}</td></tr>",
            kind = row.kind.word(),
            title = row.kind.title(),
            name = escape(row.name),
            path = escape(row.path),
            added = iec(row.added_size),
            own = iec(row.own_size),
            by = brought_in_by(row, link),
        );
    }
    out
}

/// The chain, and folded up, what else refers to it.
fn brought_in_by(row: &Row<'_>, link: impl Fn(&str) -> String) -> String {
    let [_, between @ .., _] = &row.chain[..] else {
        return "<span class=\"quiet\">the project itself</span>".to_owned();
    };
    let mut out = if between.is_empty() {
        "<span class=\"quiet\">the environment</span>".to_owned()
    } else {
        between
            .iter()
            .map(|path| link(path))
            .collect::<Vec<_>>()
            .join(" › ")
    };
    let others = row.brought_in_by.get(1..).unwrap_or_default();
    if !others.is_empty() {
        let _ = write!(out, "<details><summary>and {} more</summary><ul>", others.len());
        for path in others {
            let _ = write!(out, "<li>{}</li>", link(path));
        }
        out.push_str("</ul></details>");
    }
    out
}
