//! `@file` arguments: cargo puts a command line that is too long for the
//! system into a file, one argument a line, as rustc reads it.

use super::Local;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The arguments with each `@file` replaced by the lines of that file.
/// rustc's rules: the text is UTF-8, a line is an argument as it stands (no
/// quoting), and a file names no further files.
///
/// # Errors
/// A file cannot be read, or is not UTF-8: rustc itself shall say so.
pub fn expand(
    arguments: &[OsString],
    read: impl Fn(&Path) -> std::io::Result<Vec<u8>>,
) -> Result<Vec<OsString>, Local> {
    let mut expanded = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let Some(path) = argument.as_bytes().strip_prefix(b"@") else {
            expanded.push(argument.clone());
            continue;
        };
        let path = Path::new(OsStr::from_bytes(path));
        let bytes = read(path)
            .map_err(|error| Local::because(format!("{} cannot be read: {error}", path.display())))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Local::because(format!("{} is not UTF-8", path.display())))?;
        expanded.extend(text.lines().map(OsString::from));
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn lines_become_arguments() {
        let read = |path: &Path| {
            assert_eq!(path, Path::new("/tmp/args"));
            Ok(b"--cfg\nfeature=\"a b\"\r\n@not-a-file\n\nlast".to_vec())
        };
        assert_eq!(
            expand(&os(&["--test", "@/tmp/args", "-v"]), read).unwrap(),
            os(&[
                "--test",
                "--cfg",
                "feature=\"a b\"",
                "@not-a-file",
                "",
                "last",
                "-v"
            ])
        );
    }

    #[test]
    fn what_rustc_would_refuse_is_left_to_rustc() {
        let missing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        assert!(
            expand(&os(&["@x"]), missing)
                .unwrap_err()
                .0
                .starts_with("x cannot be read")
        );
        assert_eq!(
            expand(&os(&["@x"]), |_| Ok(vec![0xff])).unwrap_err().0,
            "x is not UTF-8"
        );
    }
}
