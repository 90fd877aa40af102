//! An input set as somebody reads it who is to decide about it.
//!
//! Promises: a name is one line and nothing else looks like it; nothing that is
//! shown acts on a terminal; what is not shown is said, with the way to see it.

use super::{Allowed, Content, Contents, Part, SHOWN};
use crate::project::CRATE_ENV;
use crate::say;
use similar::TextDiff;
use std::collections::BTreeMap;
use std::path::Path;

/// Lines of a file, and characters of a line, that [`shown`] gives unless it is to
/// give all.
const LINES: usize = 200;
const LINE: usize = 400;

/// What shows the rest.
const FULL: &str = "`cargo-nix allow --show --full`";

/// One unified diff over all parts that differ; `root`: where the files lie.
pub(super) fn unified(before: &Allowed, now: &Contents, root: &Path) -> String {
    let mut text = String::new();
    let gone = before.files.keys().chain(before.hashes.keys());
    let mut names: BTreeMap<String, Option<(&Part, &Content)>> =
        gone.map(|name| (name.clone(), None)).collect();
    names.extend(
        now.iter()
            .map(|(part, content)| (part.name(), Some((part, content)))),
    );
    for (name, here) in names {
        let lines = here.and_then(|(_, content)| content.lines());
        let hash = here
            .filter(|_| lines.is_none())
            .map(|(_, content)| content.hash());
        let (old, old_hash) = (before.files.get(&name), before.hashes.get(&name));
        let hash = hash.map(|hash| hash.to_string());
        if old.map(String::as_str) == lines && old_hash == hash.as_ref() {
            continue;
        }
        let words = |hash: &String| format!("(blake3 {hash})\n");
        let before = old.cloned().or_else(|| old_hash.map(words)).unwrap_or_default();
        let after = lines.map(str::to_owned).or_else(|| hash.as_ref().map(words));
        let after = after.unwrap_or_default();
        if before == after {
            // An empty file that comes or goes, or a text that is like those words.
            text.push_str(&format!("--- {name}\n+++ {name}\n"));
        }
        let diff = TextDiff::from_lines(&before, &after);
        text.push_str(&diff.unified_diff().header(&name, &name).to_string());
        match (here, &hash) {
            (Some((part, content)), Some(_)) => {
                text.push_str(&format!("({})\n", unseen(part, content, root)))
            }
            (None, _) => text.push_str("(it is there no more)\n"),
            _ => {}
        }
    }
    visible(&text)
}

/// That a file is not shown, and where it is.
fn unseen(part: &Part, content: &Content, root: &Path) -> String {
    let why = match content {
        Content::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => "no text".to_owned(),
        Content::Bytes(_) => format!("more than {} kB: compared by its hash only", SHOWN / 1024),
        Content::Large { .. } => "too large to be shown".to_owned(),
    };
    match part {
        Part::Path(path) => format!("{why}; look at {}", say::name(&root.join(path))),
        Part::Mode(_) | Part::Metadata => why,
    }
}

/// The files of an input set as somebody reads them who is to decide about
/// them: crate-env.nix first, then other expressions, then the rest; long ones
/// in part unless it is to be `full`, and so that nothing in them acts on a
/// terminal. `root`: where they lie.
pub fn shown(contents: &Contents, root: &Path, full: bool) -> String {
    let rank = |part: &Part| match part {
        Part::Path(path) if path.file_name().is_some_and(|name| name == CRATE_ENV) => 0,
        Part::Path(path) if path.extension().is_some_and(|ending| ending == "nix") => 1,
        _ => 2,
    };
    let (most_lines, most) = if full {
        (usize::MAX, usize::MAX)
    } else {
        (LINES, LINE)
    };
    let mut parts: Vec<(&Part, &Content)> = contents.iter().collect();
    parts.sort_by_key(|(part, _)| rank(part));
    let mut text = String::new();
    for (part, content) in parts {
        let bytes = match content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Large { bytes, .. } => *bytes,
        };
        text.push_str(&format!("--- {} ({bytes} bytes)\n", part.name()));
        let lines = match content {
            Content::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Content::Large { .. } => None,
        };
        let Some(file) = lines else {
            let (hash, unseen) = (content.hash().to_hex(), unseen(part, content, root));
            text.push_str(&format!("  (blake3 {hash}; {unseen})\n"));
            continue;
        };
        for line in file.lines().take(most_lines) {
            let end = line.char_indices().nth(most).map_or(line.len(), |(end, _)| end);
            text.push_str(&format!("  {}", &line[..end]));
            if end < line.len() {
                let left = line[end..].chars().count();
                text.push_str(&format!(" … {left} more characters of this line: {FULL}"));
            }
            text.push('\n');
        }
        let left = file.lines().count().saturating_sub(most_lines);
        if left > 0 {
            text.push_str(&format!("  … {left} more lines: {FULL}\n"));
        }
    }
    visible(&text)
}

/// The text with every character that acts on a terminal, or hides others or
/// turns them around, as `\u{…}`.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if say::acts(c) && c != '\n' && c != '\t' {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn contents<const N: usize>(files: [(&str, &[u8]); N]) -> Contents {
        let file =
            |(path, bytes): (&str, &[u8])| (Part::Path(PathBuf::from(path)), Content::Bytes(bytes.to_vec()));
        files.into_iter().map(file).collect()
    }

    #[test]
    fn what_is_shown_is_readable_bounded_and_does_nothing() {
        let long = "x\n".repeat(1000) + &"y".repeat(10_000);
        let wide = "z".repeat(500);
        let files = contents([
            ("a.nix", "\u{202e}{ }: 1 #\u{e0041} \u{1b}[2J\r\n".as_bytes()),
            ("b.lock", b"\xff"),
            ("sub/crate-env.nix", b"{ rust }: { }\n"),
            ("w.txt", wide.as_bytes()),
            ("z.txt", long.as_bytes()),
        ]);
        let text = shown(&files, Path::new("/root"), false);
        assert!(
            text.starts_with(
                "--- sub/crate-env.nix (14 bytes)\n  { rust }: { }\n--- a.nix (22 bytes)\n  \\u{202e}{ }: 1 #\\u{e0041} \\u{1b}[2J\n\
                 --- b.lock (1 bytes)\n  (blake3 "
            ),
            "{text}"
        );
        assert!(text.contains("; no text; look at /root/b.lock)\n"), "{text}");
        assert!(
            text.contains("z … 100 more characters of this line: `cargo-nix allow --show --full`\n"),
            "{text}"
        );
        assert!(
            text.ends_with("  … 801 more lines: `cargo-nix allow --show --full`\n"),
            "{text}"
        );
        assert!(text.len() < 3000);
        let all = shown(&files, Path::new("/root"), true);
        assert!(all.contains(&wide) && all.contains(&"y".repeat(10_000)) && !all.contains('…'));
    }

    #[test]
    fn no_name_is_that_of_another_part_or_another_line() {
        let mut files = contents([
            ("Cargo.toml (metadata.cargo-nix)", b"a file"),
            ("x (mode)", b"a file"),
            ("y\n--- z (2 bytes)\n\u{1b}", b"a file"),
        ]);
        let ours = |text: &str| Content::Bytes(text.as_bytes().to_vec());
        files.insert(Part::Metadata, ours("ours"));
        files.insert(Part::Mode(PathBuf::from("x")), ours("ours"));
        let text = shown(&files, Path::new("/root"), false);
        for header in [
            "\"Cargo.toml (metadata.cargo-nix)\" (6 bytes)",
            "Cargo.toml (metadata.cargo-nix) (4 bytes)",
            "\"x (mode)\" (6 bytes)",
            "x (mode) (4 bytes)",
            "\"y\\n--- z (2 bytes)\\n\\u{1b}\" (6 bytes)",
        ] {
            assert!(text.contains(&format!("--- {header}\n")), "{header}: {text}");
        }
        assert_eq!(text.lines().count(), 10, "{text}");
        let difference = unified(&Allowed::default(), &files, Path::new("/root"));
        assert_eq!(difference.lines().count(), 25, "{difference}");
    }
}
