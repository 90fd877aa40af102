//! `.d` files: in the store's terms as rustc wrote them, in cargo's terms as
//! they are placed. Cargo reads them to know when a unit is stale.

use super::paths::Rewriter;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The same, in the terms of this machine.
pub fn rewrite(text: &str, rewriter: &Rewriter) -> String {
    text.lines()
        .flat_map(|line| [rewriter.apply(line), "\n".into()])
        .collect()
}

/// A line that has cargo ask for the unit again when the variable is another.
pub fn env_dep(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("# env-dep:{name}={value}\n"),
        None => format!("# env-dep:{name}\n"),
    }
}

/// As paths are written in a `.d` file.
pub fn escape(path: &str) -> String {
    path.replace(' ', "\\ ")
}

/// The names of the variables that the unit read (`# env-dep:NAME=value`).
pub fn variables(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# env-dep:"))
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
        let text = rewrite(TEXT, &Rewriter::new(rules));
        assert!(
            text.starts_with("/my\\ target/deps/liba-1.rmeta: /home/src/lib.rs /home/src/a\\ b.rs\n\n"),
            "{text}"
        );
        assert!(
            text.ends_with("# env-dep:CARGO_PKG_NAME=a\n# env-dep:UNSET\n"),
            "{text}"
        );
    }
}
