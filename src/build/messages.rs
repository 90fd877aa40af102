//! rustc's messages, one JSON object a line: recorded when a unit was built,
//! replayed when it is taken from the store, for the terminal at hand.
//!
//! What cannot be done again is the width: a message is laid out for rustc's
//! own default.

use super::invocation::Invocation;
use super::paths::Rewriter;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the caller asked to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// With colours.
    pub colours: bool,
    /// Warnings too, not only artifacts and future-incompat reports.
    pub warnings: bool,
    /// Each on one line.
    pub short: bool,
}

impl Wanted {
    /// By this call.
    pub fn by(unit: &Invocation) -> Wanted {
        let json = |flag: &str| {
            unit.values("--json")
                .any(|value| value.to_string_lossy().split(',').any(|part| part == flag))
        };
        Wanted {
            colours: json("diagnostic-rendered-ansi"),
            warnings: !unit.values("--cap-lints").any(|value| value == "allow"),
            short: json("diagnostic-short"),
        }
    }
}

/// The variables that `env!` did not find, by what rustc said.
pub fn wanted_variables(log: &[String]) -> BTreeSet<String> {
    let names = log
        .iter()
        .flat_map(|line| line.split("environment variable `").skip(1));
    names
        .filter_map(|rest| rest.split_once("` not defined at compile time"))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The recorded lines in the terms of this machine and of the caller.
pub fn replay(recorded: &str, wanted: Wanted, rewriter: &Rewriter) -> String {
    let mut out = String::with_capacity(recorded.len());
    for line in recorded.lines() {
        let Ok(mut message) = serde_json::from_str::<Value>(line) else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        if message["$message_type"] == "diagnostic" && !wanted.warnings {
            continue;
        }
        translate(&mut message, wanted, rewriter);
        if wanted.short && message["$message_type"] == "diagnostic" {
            message["rendered"] = short(&message).into();
        }
        out.push_str(&message.to_string());
        out.push('\n');
    }
    out
}

/// A diagnostic on one line, as rustc has it: where, what, and what is said of the place.
fn short(message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let spans = message["spans"].as_array().map_or(&[][..], Vec::as_slice);
    let span = spans.iter().find(|span| span["is_primary"] == true);
    let place = span.map_or(String::new(), |span| {
        let file = text(&span["file_name"]);
        format!("{file}:{}:{}: ", span["line_start"], span["column_start"])
    });
    let code = text(&message["code"]["code"]);
    let code = match code.starts_with('E') {
        true => format!("[{code}]"),
        false => String::new(),
    };
    let label = span.map_or(String::new(), |span| text(&span["label"]));
    let label = match label.is_empty() {
        true => label,
        false => format!(": {label}"),
    };
    format!(
        "{place}{}{code}: {}{label}\n",
        text(&message["level"]),
        text(&message["message"])
    )
}

fn translate(value: &mut Value, wanted: Wanted, rewriter: &Rewriter) {
    match value {
        Value::String(text) => {
            *text = rewriter.apply(text);
            if !wanted.colours && text.contains('\u{1b}') {
                *text = without_colours(text);
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| translate(value, wanted, rewriter)),
        Value::Object(map) => map
            .values_mut()
            .for_each(|value| translate(value, wanted, rewriter)),
        _ => {}
    }
}

/// `text` without the escape sequences that set colours (`ESC [ … m`).
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 2..];
        rest = match sequence.find(|c: char| !c.is_ascii_digit() && c != ';') {
            Some(end) if sequence[end..].starts_with('m') => &sequence[end + 1..],
            _ => sequence,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = concat!(
        r#"{"$message_type":"artifact","artifact":"/S/lib/liba-1.rmeta","emit":"metadata"}"#,
        "\n",
        r#"{"$message_type":"diagnostic","level":"warning","rendered":"\u001b[33mwarning\u001b[0m: x\n --> /S/src/lib.rs:1:2\n"}"#,
        "\n",
    );

    fn replayed(colours: bool, warnings: bool) -> Vec<Value> {
        let rewriter = Rewriter::new([
            ("/S/lib".into(), "/t \"q\"/deps".into()),
            ("/S/src".into(), "/home/src".into()),
        ]);
        let wanted = Wanted {
            colours,
            warnings,
            short: false,
        };
        let text = replay(RECORDED, wanted, &rewriter);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_short_one_says_where_and_what() {
        let recorded = r#"{"$message_type":"diagnostic","level":"error","message":"no `x`","code":{"code":"E0425"},"spans":[{"file_name":"/S/a.rs","line_start":2,"column_start":5,"is_primary":true,"label":"not found"}],"rendered":"long"}"#;
        let wanted = Wanted {
            colours: true,
            warnings: true,
            short: true,
        };
        let text = replay(recorded, wanted, &Rewriter::new([("/S".into(), "src".into())]));
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            message["rendered"],
            "src/a.rs:2:5: error[E0425]: no `x`: not found\n"
        );
    }

    #[test]
    fn artifacts_are_where_they_were_placed() {
        let lines = replayed(false, false);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["artifact"], "/t \"q\"/deps/liba-1.rmeta");
        assert_eq!(lines[0]["emit"], "metadata");
    }

    #[test]
    fn what_env_did_not_find_is_told() {
        let line =
            r#"{"message":"environment variable `DEMO_X` not defined at compile time","level":"error"}"#;
        let other = "environment variable `HOME` is odd";
        assert_eq!(
            wanted_variables(&[line.into(), other.into()]),
            ["DEMO_X".to_owned()].into()
        );
    }

    #[test]
    fn diagnostics_are_for_this_terminal() {
        assert_eq!(
            replayed(false, true)[1]["rendered"],
            "warning: x\n --> /home/src/lib.rs:1:2\n"
        );
        assert_eq!(
            replayed(true, true)[1]["rendered"],
            "\u{1b}[33mwarning\u{1b}[0m: x\n --> /home/src/lib.rs:1:2\n"
        );
    }
}
