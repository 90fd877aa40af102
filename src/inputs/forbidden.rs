//! What a pure evaluation cannot know: variables, the time, the machine.
//!
//! libnixexpr answers some of these with an empty value instead of an error
//! (`getEnv` gives `""`), so they are found in the source text. The version of
//! libnix is among them because it is not part of any key.
//!
//! Not reported, because the evaluator reports them where they are used:
//! `builtins.currentSystem or …`, and a default `system ? builtins.currentSystem`,
//! which is not evaluated when the argument is given.

use super::literals::Token;
use rnix::SyntaxKind::*;
use serde::{Deserialize, Serialize};

/// The builtins, and what a project can do instead.
const FORBIDDEN: [(&str, &str); 7] = [
    (
        "getEnv",
        "write the value into the `env` of crate-env.nix, or evaluate with --impure",
    ),
    (
        "currentTime",
        "write the time into a file of the project, or evaluate with --impure",
    ),
    (
        "currentSystem",
        "take the argument `system` of crate-env.nix, or evaluate with --impure",
    ),
    (
        "nixPath",
        "pin the sources with flake.lock or npins, or evaluate with --impure",
    ),
    (
        "storePath",
        "name what makes that path (a package, a pinned source), or evaluate with --impure",
    ),
    (
        "nixVersion",
        "look for the builtin that is wanted, or evaluate with --impure",
    ),
    (
        "langVersion",
        "look for the builtin that is wanted, or evaluate with --impure",
    ),
];

/// A use of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// Index into the list of forbidden builtins.
    pub which: usize,
    /// Byte offset of the word.
    pub offset: usize,
}

/// A use with its place, as a manifest remembers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Finding {
    /// Relative to the root.
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// The builtin's name.
    pub name: String,
}

impl Finding {
    /// The message: what, where, the way out.
    pub(super) fn message(&self, root: &std::path::Path) -> String {
        let file = root.join(&self.file);
        let shown = crate::snippet::render(&file, self.line, self.column).unwrap_or_default();
        let way_out = FORBIDDEN
            .iter()
            .find(|(name, _)| *name == self.name)
            .map_or("evaluate with --impure", |(_, way_out)| way_out);
        format!(
            "`builtins.{}` looks at the machine, which the evaluation of a project cannot\n{shown}\n  {way_out}",
            self.name
        )
    }
}

/// The name of a use.
pub(super) fn name(which: usize) -> &'static str {
    FORBIDDEN[which].0
}

/// The uses among `tokens`: `builtins.getEnv`, `__getEnv`,
/// `inherit (builtins) getEnv`, and `getEnv` below a `with builtins`.
pub(super) fn uses(tokens: &[Token<'_>]) -> Vec<Use> {
    let with_builtins = tokens
        .windows(2)
        .any(|pair| pair[0].kind == TOKEN_WITH && is_builtins(&pair[1]));
    let mut uses = Vec::new();
    let mut inheriting = false;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TOKEN_INHERIT => inheriting = inherits_builtins(&tokens[at + 1..]),
            TOKEN_SEMICOLON => inheriting = false,
            _ => {}
        }
        let Some(which) = which(token) else { continue };
        let before = &tokens[..at];
        let selected = matches!(before, [.., b, dot] if dot.kind == TOKEN_DOT && is_builtins(b));
        let bare = with_builtins && is_bare(before, tokens.get(at + 1));
        let global = token.text.starts_with("__");
        let start = if selected { &before[..at - 2] } else { before };
        if (selected || bare || inheriting || global) && !is_optional(start, tokens.get(at + 1)) {
            uses.push(Use {
                which,
                offset: token.offset,
            });
        }
    }
    uses
}

fn which(token: &Token<'_>) -> Option<usize> {
    if token.kind != TOKEN_IDENT {
        return None;
    }
    let word = token.text.strip_prefix("__").unwrap_or(token.text);
    FORBIDDEN.iter().position(|(name, _)| *name == word)
}

fn is_builtins(token: &Token<'_>) -> bool {
    token.kind == TOKEN_IDENT && token.text == "builtins"
}

fn inherits_builtins(after: &[Token<'_>]) -> bool {
    matches!(after, [open, b, close, ..]
        if open.kind == TOKEN_L_PAREN && is_builtins(b) && close.kind == TOKEN_R_PAREN)
}

/// A word of its own: not selected from something, not being defined.
fn is_bare(before: &[Token<'_>], next: Option<&Token<'_>>) -> bool {
    let selected = before.last().is_some_and(|token| token.kind == TOKEN_DOT);
    let defined = next.is_some_and(|token| {
        matches!(
            token.kind,
            TOKEN_ASSIGN | TOKEN_COLON | TOKEN_COMMA | TOKEN_QUESTION | TOKEN_AT
        )
    });
    !selected && !defined
}

/// It has a fallback, or is one that need not be evaluated.
fn is_optional(before: &[Token<'_>], next: Option<&Token<'_>>) -> bool {
    before.last().is_some_and(|token| token.kind == TOKEN_QUESTION)
        || next.is_some_and(|token| token.kind == TOKEN_OR)
}

#[cfg(test)]
mod tests {
    use super::super::literals::read;
    use super::*;

    fn names(source: &str) -> Vec<&'static str> {
        read(source).uses.iter().map(|found| name(found.which)).collect()
    }

    #[test]
    fn every_way_to_name_a_builtin_is_found() {
        for source in [
            "builtins.getEnv \"A\"",
            "builtins . getEnv \"A\"",
            "with builtins; getEnv \"A\"",
            "let inherit (builtins) map getEnv; in 1",
            "__getEnv \"A\"",
            "\"${builtins.getEnv \"A\"}\"",
            "{ a = = builtins.getEnv",
        ] {
            assert_eq!(names(source), ["getEnv"], "{source}");
        }
        assert_eq!(
            names("builtins.currentTime + builtins.currentSystem + builtins.nixPath + builtins.storePath"),
            ["currentTime", "currentSystem", "nixPath", "storePath"]
        );
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for source in [
            "\"builtins.getEnv\"",
            "# builtins.getEnv",
            "lib.getEnv \"A\"",
            "getEnv \"A\"",
            "with builtins; lib.getEnv",
            "with builtins; { getEnv = 1; }",
            "let inherit (lib) getEnv; in 1",
            "inherit (builtins) map; inherit getEnv;",
            "{ system ? builtins.currentSystem }: system",
            "builtins.currentSystem or \"x\"",
        ] {
            assert_eq!(names(source), [""; 0], "{source}");
        }
    }
}
