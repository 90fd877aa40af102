//! What a build script tells cargo on its standard output, read as cargo reads
//! it: a line is trimmed, `cargo::` or `cargo:` begins it, the first `=` ends
//! the key, a value ends before blanks; what is not UTF-8 is no directive.

/// The key and the value of each directive, in order.
pub fn of(stdout: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| parse(std::str::from_utf8(line).ok()?))
}

/// A line's directive, if it is one.
fn parse(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let rest = line
        .strip_prefix("cargo::")
        .or_else(|| line.strip_prefix("cargo:"))?;
    let (key, value) = rest.split_once('=')?;
    Some((key, value.trim_end()))
}

/// The names that `rustc-env` lines set.
pub fn rustc_env(stdout: &[u8]) -> impl Iterator<Item = &str> {
    of(stdout)
        .filter(|(key, _)| *key == "rustc-env")
        .map(|(_, value)| value.split('=').next().unwrap_or_default())
}

/// The output with those lines changed that hold a directive which `is_meant`, by its
/// key and its value.
pub fn changed(
    stdout: &[u8],
    is_meant: impl Fn(&str, &str) -> bool,
    change: impl Fn(&str) -> String,
) -> Vec<u8> {
    let lines = stdout.split_inclusive(|byte| *byte == b'\n').map(|line| {
        match of(line).any(|(key, value)| is_meant(key, value)) {
            true => change(&String::from_utf8_lossy(line)).into_bytes(),
            false => line.to_vec(),
        }
    });
    lines.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_and_what_cargo_trims() {
        let text = b"cargo::rustc-env=A=1\n  cargo:rerun-if-env-changed=DEMO \r\n\xff\ncargo:x=\xff\nother\ncargo:root=/x";
        let found: Vec<_> = of(text).collect();
        assert_eq!(
            found,
            [
                ("rustc-env", "A=1"),
                ("rerun-if-env-changed", "DEMO"),
                ("root", "/x")
            ]
        );
        assert_eq!(rustc_env(text).collect::<Vec<_>>(), ["A"]);
    }
}
