//! Why, in sentences.

use super::Told;
use crate::build::compare::{Change, name_of};
use crate::build::differ;
use crate::build::journal::{Entry, Outcome};
use std::fmt::Write;

/// How many differences are told of one unit, at most.
const CHANGES: usize = 12;
/// How many characters are told of a value, at most.
const LENGTH: usize = 200;

/// What became of a unit.
pub(super) fn became(unit: &Entry) -> &'static str {
    match unit.outcome {
        Outcome::Hit => "was taken from the store",
        Outcome::Found => "was found in the store",
        Outcome::Built => "was built",
        Outcome::Failed => "failed in the sandbox",
        Outcome::Local => "was left to cargo",
    }
}

/// Why, a line or a few each, below the unit's own.
pub(super) fn text(told: &Told, out: &mut String) {
    if let Some(reason) = &told.unit.reason {
        let _ = writeln!(out, "  because {}", reason.lines().next().unwrap_or_default());
    }
    match &told.changes {
        None if told.unit.path.is_some() => {
            let _ = writeln!(out, "  no build before it that is remembered had this unit");
        }
        None => {}
        Some(changes) if changes.is_empty() => {
            let _ = writeln!(out, "  it is the same as it was before");
        }
        Some(changes) => told_changes(changes, 1, out),
    }
}

fn told_changes(changes: &[Change], depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (at, change) in changes.iter().enumerate() {
        if at == CHANGES {
            let _ = writeln!(out, "{indent}… and {} more", changes.len() - at);
            break;
        }
        let _ = writeln!(out, "{indent}{}", sentence(change));
        match change {
            Change::Dependency { because, .. } => told_changes(because, depth + 1, out),
            Change::Source { old, new } => lines(&differ::trees(old, new), &indent, out),
            Change::Environment { old, new } => lines(&differ::variables(old, new), &indent, out),
            _ => {}
        }
    }
}

fn lines(lines: &[String], indent: &str, out: &mut String) {
    for line in lines.iter().take(CHANGES) {
        let _ = writeln!(out, "{indent}  {line}");
    }
    if lines.len() > CHANGES {
        let _ = writeln!(out, "{indent}  … and {} more", lines.len() - CHANGES);
    }
}

fn sentence(change: &Change) -> String {
    match change {
        Change::Toolchain { old, new } => {
            format!("the toolchain is another: {} was {}", short(new), short(old))
        }
        Change::Environment { .. } => "crate-env.nix gives it something else:".into(),
        Change::Source { .. } => "its source is another:".into(),
        Change::Argument { old, new } => format!(
            "its arguments changed: {}",
            exchanged(&old.join(" "), &new.join(" "))
        ),
        Change::Variable {
            name,
            old: None,
            new: Some(new),
        } => format!("the variable {name} is set now: {}", value(new)),
        Change::Variable {
            name,
            old: Some(old),
            new: None,
        } => format!("the variable {name} is no longer set: {}", value(old)),
        Change::Variable { name, old, new } => {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            format!(
                "the variable {name} changed: {}",
                exchanged(&text(old), &text(new))
            )
        }
        Change::Input {
            old: Some(old),
            new: Some(new),
        } => format!("an input is another: {} was {}", short(new), short(old)),
        Change::Input {
            old: None,
            new: Some(new),
        } => format!("an input is new: {}", name_of(new)),
        Change::Input { old, .. } => format!(
            "an input is gone: {}",
            name_of(old.as_deref().unwrap_or_default())
        ),
        Change::Dependency { name, because } if because.is_empty() => {
            format!("{name}, which it depends on, is another")
        }
        Change::Dependency { name, .. } => format!("{name}, which it depends on, is another:"),
        Change::Version { old, new } => format!("its version is another: {new} was {old}"),
        Change::Host => "the machine, or what of it the sandbox shows, is another".into(),
        Change::Builder => "cargo-nix itself builds units in another way".into(),
    }
}

/// `+new  -old`; of long ones what both begin with is left out.
fn exchanged(old: &str, new: &str) -> String {
    let same = old
        .chars()
        .zip(new.chars())
        .take_while(|(one, other)| one == other);
    let same = same.count().saturating_sub(LENGTH / 4);
    let cut = if old.chars().count().max(new.chars().count()) > LENGTH {
        same
    } else {
        0
    };
    let part = |sign: char, text: &str| {
        let rest: String = text.chars().skip(cut).collect();
        let before = if cut > 0 { "…" } else { "" };
        (!text.is_empty()).then(|| format!("{sign}{before}{}", value(&rest)))
    };
    let parts: Vec<String> = [part('+', new), part('-', old)].into_iter().flatten().collect();
    parts.join("  ")
}

/// At most [`LENGTH`] characters of it; words that rustc's flags are packed into one
/// variable as are parted by blanks.
fn value(text: &str) -> String {
    let text = text.replace('\u{1f}', " ");
    if text.is_empty() {
        return "\"\"".into();
    }
    match text.char_indices().nth(LENGTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Enough of a store path to tell two apart.
fn short(path: &str) -> String {
    let base = path.rsplit('/').next().unwrap_or_default();
    base.split_once('-').map_or(base.to_owned(), |(hash, name)| {
        format!("{name} ({})", hash.get(..7).unwrap_or(hash))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_that_differ_at_their_end_are_told_apart() {
        let old = "a".repeat(300);
        let told = exchanged(&old, &format!("{old}b"));
        let kept = "a".repeat(LENGTH / 4);
        assert_eq!(told, format!("+…{kept}b  -…{kept}"));
        assert_eq!(exchanged("x", "y"), "+y  -x");
        assert_eq!(exchanged("", "y\u{1f}z"), "+y z");
    }
}
