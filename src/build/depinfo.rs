//! `.d` files: in the store's terms as rustc wrote them, in cargo's terms as
//! they are placed. Cargo reads them to know when a unit is stale.

use super::paths::Rewriter;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Begins a line about a variable.
const ENV_DEP: &str = "# env-dep:";

/// The same, in the terms of this machine: paths, and of the variables the
/// values that cargo will compare, which are those of its own process.
pub fn rewrite(text: &str, rewriter: &Rewriter, value_of: impl Fn(&str) -> Option<OsString>) -> String {
    let line = |line: &str| match line.strip_prefix(ENV_DEP) {
        Some(entry) => {
            let name = entry.split('=').next().unwrap_or_default();
            env_dep(name, value_of(name).as_deref())
        }
        None => rewriter.apply(line) + "\n",
    };
    text.lines().map(line).collect()
}

/// A line that has cargo ask for the unit again when the variable is another.
/// Cargo reads values with rustc's escapes.
pub fn env_dep(name: &str, value: Option<&OsStr>) -> String {
    let Some(value) = value else {
        return format!("{ENV_DEP}{name}\n");
    };
    let value = value.to_string_lossy();
    let value = value
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    format!("{ENV_DEP}{name}={value}\n")
}

/// As paths are written in a `.d` file.
pub fn escape(path: &str) -> String {
    path.replace(' ', "\\ ")
}

/// The names of the variables that the unit read (`# env-dep:NAME=value`).
pub fn variables(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix(ENV_DEP))
        .map(|entry| entry.split('=').next().unwrap_or_default().to_owned())
        .collect()
}

/// The files that the unit read: those with a rule of their own.
pub fn files(text: &str) -> Vec<PathBuf> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_suffix(':'))
        .map(|path| PathBuf::from(path.replace("\\ ", " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "/S/out/lib/liba-1.rmeta: /S/src/lib.rs /S/src/a\\ b.rs\n\n/S/src/lib.rs:\n/S/src/a\\ b.rs:\n\n\
                        # env-dep:CARGO_PKG_NAME=a\n# env-dep:UNSET\n";

    #[test]
    fn what_it_says() {
        assert_eq!(
            variables(TEXT),
            ["CARGO_PKG_NAME".to_owned(), "UNSET".to_owned()].into()
        );
        assert_eq!(
            files(TEXT),
            [PathBuf::from("/S/src/lib.rs"), PathBuf::from("/S/src/a b.rs")]
        );
    }

    #[test]
    fn in_the_terms_of_this_machine() {
        let rules = [
            ("/S/out/lib".into(), escape("/my target/deps")),
            ("/S/src".into(), "/home/src".into()),
        ];
        let text = rewrite(TEXT, &Rewriter::new(rules), |name| {
            (name == "UNSET").then(|| "a\nb".into())
        });
        assert!(
            text.starts_with("/my\\ target/deps/liba-1.rmeta: /home/src/lib.rs /home/src/a\\ b.rs\n\n"),
            "{text}"
        );
        assert!(
            text.ends_with("# env-dep:CARGO_PKG_NAME\n# env-dep:UNSET=a\\nb\n"),
            "{text}"
        );
    }
}
