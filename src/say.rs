//! Sentences for the user, on standard error.
//!
//! Promises: a standard error that is closed or full is no reason to fail, and
//! a name that a stranger chose (a directory's, a variable's) cannot act on the
//! terminal: control characters other than the end of a line are shown as `�`.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Like `eprintln!`, with the promises of [`mod@crate::say`].
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => { $crate::say::line(&format!($($words)*)) };
}

/// Writes `text` and the end of a line.
pub fn line(text: &str) {
    let mut text = printable(text);
    text.push('\n');
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// `text` without what could act on a terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

/// Whether the character acts on a terminal, or hides others or turns them around.
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// A path as a part of one line, each path otherwise: as it is, or between quotes
/// if it has a blank or anything that would not be seen.
pub fn name(path: &Path) -> String {
    let mut shown = String::new();
    for part in path.as_os_str().as_bytes().utf8_chunks() {
        for c in part.valid().chars() {
            match c {
                '\\' | '"' => shown.extend(['\\', c]),
                '\n' | '\t' | '\r' => shown.extend(c.escape_default()),
                _ if acts(c) || c.is_whitespace() && c != ' ' => shown.extend(c.escape_unicode()),
                _ => shown.push(c),
            }
        }
        for byte in part.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    let plain = shown.as_bytes() == path.as_os_str().as_bytes() && !shown.contains(' ') && !shown.is_empty();
    if plain { shown } else { format!("\"{shown}\"") }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    #[test]
    fn a_path_is_one_line_and_no_other() {
        for (path, shown) in [
            (&b"/a/b-\xc3\xa9.nix"[..], "/a/b-é.nix"),
            (b"a b", "\"a b\""),
            (b"a\nb\t\x1b", "\"a\\nb\\t\\u{1b}\""),
            (b"a\\nb", "\"a\\\\nb\""),
            (b"\"a", "\"\\\"a\""),
            (b"a\xff\xfe", "\"a\\xff\\xfe\""),
            ("a\u{a0}\u{202e}".as_bytes(), "\"a\\u{a0}\\u{202e}\""),
        ] {
            assert_eq!(super::name(Path::new(OsStr::from_bytes(path))), shown);
        }
    }

    #[test]
    fn what_could_act_on_a_terminal_is_shown() {
        assert_eq!(super::printable("a\u{1b}]0;x\u{7}\tb\nc\u{9b}"), "a�]0;x�\tb\nc�");
    }
}
