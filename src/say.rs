//! Sentences for the user, on standard error.
//!
//! Promises: a standard error that is closed or full is no reason to fail, and
//! a name that a stranger chose (a directory's, a variable's) cannot act on the
//! terminal: control characters other than the end of a line are shown as `�`.

use std::io::Write;

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

#[cfg(test)]
mod tests {
    #[test]
    fn what_could_act_on_a_terminal_is_shown() {
        assert_eq!(super::printable("a\u{1b}]0;x\u{7}\tb\nc\u{9b}"), "a�]0;x�\tb\nc�");
    }
}
