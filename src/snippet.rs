//! A place in a text file, as a user is shown it: the file with line and
//! column, the line itself, a caret below it.
//!
//! Faults found here ([`crate::inputs`]) and by the evaluator
//! ([`crate::evaluator`]) are shown with the same few lines.

use crate::bounded;
use std::path::Path;

/// Longer lines are shown in part.
const WIDTH: usize = 120;

/// The lines that show `line` and `column` (both from 1, the column in
/// characters) of `file`:
///
/// ```text
///  --> /home/me/project/crate-env.nix:3:9
///   |
/// 3 |   env.A = builtins.getEnv "A";
///   |           ^
/// ```
///
/// `None` if the file cannot be read or has no such line. No newline at the end.
pub fn render(file: &Path, line: u32, column: u32) -> Option<String> {
    let bytes = bounded::read(file, bounded::LARGE).ok()?;
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let source = bytes.split(|byte| *byte == b'\n').nth(index)?;
    let source = String::from_utf8_lossy(source);
    let (shown, caret) = window(source.trim_end(), usize::try_from(column).ok()?.saturating_sub(1));
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    Some(format!(
        "{margin}--> {}:{line}:{column}\n{margin} |\n{number} | {shown}\n{margin} | {caret}^",
        file.display()
    ))
}

/// The part of `line` around the `column`th character (from 0), and the blanks
/// before the caret. Tabs stay tabs in both, control characters become blanks.
fn window(line: &str, column: usize) -> (String, String) {
    let characters: Vec<char> = line
        .chars()
        .map(|c| if c.is_control() && c != '\t' { ' ' } else { c })
        .collect();
    let column = column.min(characters.len());
    let start = if characters.len() <= WIDTH {
        0
    } else {
        column.saturating_sub(WIDTH / 2)
    };
    let end = characters.len().min(start + WIDTH);
    let mut shown: String = characters[start..end].iter().collect();
    let mut caret: String = characters[start..column]
        .iter()
        .map(|c| if *c == '\t' { '\t' } else { ' ' })
        .collect();
    if start > 0 {
        shown.insert(0, '…');
        caret.insert(0, ' ');
    }
    if end < characters.len() {
        shown.push('…');
    }
    (shown, caret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &[u8], line: u32, column: u32) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.nix");
        std::fs::write(&file, text).unwrap();
        let text = render(&file, line, column)?;
        Some(text.replace(&format!("{}/", directory.path().display()), ""))
    }

    #[test]
    fn the_caret_stands_below_the_character() {
        let text = rendered(b"{\n\tgr\xc3\xbc\xc3\x9fe = x;\r\n}\n", 2, 10).unwrap();
        assert_eq!(text, " --> a.nix:2:10\n  |\n2 | \tgrüße = x;\n  | \t        ^");
    }

    #[test]
    fn the_end_of_a_line_and_of_the_file_have_a_place() {
        assert_eq!(
            rendered(b"ab", 1, 99).unwrap(),
            " --> a.nix:1:99\n  |\n1 | ab\n  |   ^"
        );
        assert_eq!(
            rendered(b"ab\n", 2, 1).unwrap(),
            " --> a.nix:2:1\n  |\n2 | \n  | ^"
        );
        assert_eq!(rendered(b"ab\n", 3, 1), None);
        assert_eq!(rendered(b"ab\n", 0, 1), None);
        assert_eq!(render(Path::new("/nonexistent"), 1, 1), None);
    }

    #[test]
    fn a_long_line_is_shown_around_its_place() {
        let text = rendered("x".repeat(100_000).as_bytes(), 1, 50_000).unwrap();
        assert!(text.len() < 500, "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[3].chars().count(), 4 + 1 + WIDTH / 2 + 1);
    }
}
