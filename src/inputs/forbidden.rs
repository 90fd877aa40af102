//! What a pure evaluation cannot know: variables, the time, the machine.
//!
//! libnixexpr answers some of these with an empty value instead of an error
//! (`getEnv` gives `""`), so they are found in the source text. The version of
//! libnix is among them because it is not part of any key.
//!
//! So that none is missed, `builtins` itself may be selected from by a written
//! name, opened by `with` and `inherit (…)`, asked with `?`, and given another
//! name by a `let`, which is followed in that file. Everything else that can be
//! done with it (an argument, an element, a computed name) is refused.
//!
//! Not reported, because the evaluator reports them where they are used:
//! `builtins.currentSystem or …`, and a default `system ? builtins.currentSystem`,
//! which is not evaluated when the argument is given.

use super::findings::{COMPUTED, FORBIDDEN, HOME, REPORTED, VALUE};
use super::literals::Token;
use rnix::SyntaxKind::{self, *};
use std::collections::HashSet;

/// A use of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// Of the builtin, or [`VALUE`], [`COMPUTED`] or [`HOME`].
    pub name: &'static str,
    /// Byte offset of the word.
    pub offset: usize,
}

/// The uses among `tokens`: `builtins.getEnv`, `__getEnv`,
/// `inherit (builtins) getEnv`, `getEnv` below a `with builtins`; and what may
/// hide one.
pub(super) fn uses(tokens: &[Token<'_>]) -> Vec<Use> {
    let tokens = &without_parentheses(tokens)[..];
    let names = Names::read(tokens);
    let lists = Inherit::lists(tokens, &names);
    let mut uses = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let inherit = lists[at];
        let found = if token.kind == TOKEN_PATH_HOME {
            Some(HOME)
        } else if names.mean_builtins(tokens, at) {
            names.hidden(tokens, at, inherit)
        } else if inherit == Inherit::Builtins && token.kind == TOKEN_STRING_CONTENT && !is_safe(token.text) {
            Some(COMPUTED)
        } else {
            forbidden(token).filter(|name| names.reaches(tokens, at, inherit, name))
        };
        uses.extend(found.map(|name| Use {
            name,
            offset: token.offset,
        }));
    }
    uses
}

/// The forbidden builtin that a word or the content of a string is, with or
/// without the `__` of the global one.
fn forbidden(token: &Token<'_>) -> Option<&'static str> {
    if !matches!(token.kind, TOKEN_IDENT | TOKEN_STRING_CONTENT) {
        return None;
    }
    let word = token.text.strip_prefix("__").unwrap_or(token.text);
    FORBIDDEN.iter().map(|(name, _)| *name).find(|name| *name == word)
}

/// `(x)` as `x`, but for the source of an `inherit`.
fn without_parentheses<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut plain: Vec<Token<'a>> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.kind == TOKEN_R_PAREN
            && let [before @ .., open, word] = &plain[..]
            && open.kind == TOKEN_L_PAREN
            && word.kind == TOKEN_IDENT
            && before.last().is_none_or(|token| token.kind != TOKEN_INHERIT)
        {
            plain.remove(plain.len() - 2);
        } else {
            plain.push(*token);
        }
    }
    plain
}

/// Whether we are in the list of an `inherit`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inherit {
    No,
    /// Without a source: names of the scope.
    Scope,
    /// From `(builtins)`, or what stands for it.
    Builtins,
    /// From something else.
    Other,
}

impl Inherit {
    /// For each token, in which list it is.
    fn lists(tokens: &[Token<'_>], names: &Names<'_>) -> Vec<Inherit> {
        let mut lists = vec![Inherit::No; tokens.len()];
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at].kind != TOKEN_INHERIT {
                at += 1;
                continue;
            }
            let source = source(&tokens[at + 1..]);
            let list = match source {
                [] => Inherit::Scope,
                [_, word, _] if names.has(word) => Inherit::Builtins,
                _ => Inherit::Other,
            };
            // The source may have lists of its own.
            let start = at + 1 + source.len();
            let ends = |token: &Token<'_>| token.kind == TOKEN_SEMICOLON;
            let end = tokens[start..]
                .iter()
                .position(ends)
                .map_or(tokens.len(), |n| start + n);
            lists[start..end].fill(list);
            at += 1;
        }
        lists
    }
}

/// The `(…)` that `after` an `inherit` begins with.
fn source<'a, 'b>(after: &'a [Token<'b>]) -> &'a [Token<'b>] {
    let mut open = 0_usize;
    for (at, token) in after.iter().enumerate() {
        match token.kind {
            TOKEN_L_PAREN => open += 1,
            TOKEN_R_PAREN => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return if at == 0 { &[] } else { &after[..=at] };
        }
    }
    after
}

/// What `builtins` is called in a file.
struct Names<'a> {
    words: HashSet<&'a str>,
    /// The tokens that give it another name.
    given: HashSet<usize>,
    /// There is a `with builtins;`.
    opened: bool,
}

impl<'a> Names<'a> {
    fn read(tokens: &[Token<'a>]) -> Names<'a> {
        // Names that are given in an order that needs more are refused.
        const PASSES: usize = 4;
        let mut names = Names {
            words: HashSet::from([VALUE]),
            given: HashSet::new(),
            opened: false,
        };
        let bindings = let_bindings(tokens);
        for _ in 0..PASSES {
            let before = names.given.len();
            for at in &bindings {
                if names.has(&tokens[at + 2]) {
                    names.words.insert(tokens[*at].text);
                    names.given.insert(at + 2);
                }
            }
            if names.given.len() == before {
                break;
            }
        }
        names.opened = tokens.windows(3).any(|three| {
            three[0].kind == TOKEN_WITH && names.has(&three[1]) && three[2].kind == TOKEN_SEMICOLON
        });
        names
    }

    fn has(&self, token: &Token<'_>) -> bool {
        token.kind == TOKEN_IDENT && self.words.contains(token.text)
    }

    /// Whether the token at `at` is the variable, and not an attribute or an
    /// argument that is defined here.
    fn mean_builtins(&self, tokens: &[Token<'_>], at: usize) -> bool {
        if !self.has(&tokens[at]) {
            return false;
        }
        if kind_before(tokens, at, 1) == Some(TOKEN_DOT) {
            // `builtins.builtins`
            return tokens[at].text == VALUE && at >= 2 && self.mean_builtins(tokens, at - 2);
        }
        let next = tokens.get(at + 1).map(|token| token.kind);
        let argument = matches!(kind_before(tokens, at, 1), Some(TOKEN_L_BRACE | TOKEN_COMMA))
            && matches!(next, Some(TOKEN_COMMA | TOKEN_R_BRACE | TOKEN_QUESTION));
        let defined = matches!(next, Some(TOKEN_ASSIGN | TOKEN_COLON | TOKEN_AT));
        !argument && !defined
    }

    /// What a use of `builtins` may hide, unless it is one of those that can be
    /// followed. A forbidden name is found at its own token.
    fn hidden(&self, tokens: &[Token<'_>], at: usize, inherit: Inherit) -> Option<&'static str> {
        let [one, two, three] = [1, 2, 3].map(|n| tokens.get(at + n).map(|token| token.kind));
        let before = kind_before(tokens, at, 1);
        match (before, one) {
            (_, Some(TOKEN_DOT)) => {
                let quoted = two == Some(TOKEN_STRING_START)
                    && three == Some(TOKEN_STRING_CONTENT)
                    && is_safe(tokens[at + 3].text)
                    && tokens.get(at + 4).is_some_and(|end| end.kind == TOKEN_STRING_END);
                let written = !matches!(two, Some(TOKEN_STRING_START | TOKEN_INTERPOL_START)) || quoted;
                (!written).then_some(COMPUTED)
            }
            (_, Some(TOKEN_QUESTION)) | (Some(TOKEN_WITH), Some(TOKEN_SEMICOLON)) => None,
            (Some(TOKEN_L_PAREN), Some(TOKEN_R_PAREN))
                if kind_before(tokens, at, 2) == Some(TOKEN_INHERIT) =>
            {
                None
            }
            // An attribute of something else.
            _ if inherit == Inherit::Other => None,
            (
                Some(TOKEN_QUESTION),
                Some(TOKEN_AND_AND | TOKEN_OR_OR | TOKEN_IMPLICATION | TOKEN_THEN | TOKEN_R_PAREN),
            ) => None,
            _ => (!self.given.contains(&at)).then_some(VALUE),
        }
    }

    /// Whether the word at `at`, called like the forbidden builtin `name`, is it.
    fn reaches(&self, tokens: &[Token<'_>], at: usize, inherit: Inherit, name: &str) -> bool {
        let quoted = tokens[at].kind == TOKEN_STRING_CONTENT;
        let (first, last) = if quoted { (at - 1, at + 1) } else { (at, at) };
        let next = tokens.get(last + 1);
        let before = &tokens[..first];
        let selected = matches!(before, [.., dot] if dot.kind == TOKEN_DOT)
            && first >= 2
            && self.mean_builtins(tokens, first - 2);
        let bare = !quoted && (self.opened || tokens[at].text.starts_with("__")) && is_bare(before, next);
        let start = if selected { &before[..first - 2] } else { before };
        (selected || bare || inherit == Inherit::Builtins) && !is_optional(start, next, name)
    }
}

/// Where the bindings of the form `name = word;` of a `let … in` begin.
fn let_bindings(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut open = Vec::new();
    let mut bindings = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            // `let { … }` is a set.
            TOKEN_LET if tokens.get(at + 1).is_some_and(|next| next.kind == TOKEN_L_BRACE) => {}
            TOKEN_LET | TOKEN_L_BRACE | TOKEN_L_PAREN | TOKEN_L_BRACK | TOKEN_INTERPOL_START => {
                open.push(token.kind)
            }
            TOKEN_IN if open.last() != Some(&TOKEN_LET) => {}
            TOKEN_IN | TOKEN_R_BRACE | TOKEN_R_PAREN | TOKEN_R_BRACK | TOKEN_INTERPOL_END => {
                open.pop();
            }
            TOKEN_IDENT if open.last() == Some(&TOKEN_LET) => {
                let begins = matches!(kind_before(tokens, at, 1), Some(TOKEN_LET | TOKEN_SEMICOLON));
                if begins
                    && let [_, equals, word, end, ..] = &tokens[at..]
                    && (equals.kind, word.kind, end.kind) == (TOKEN_ASSIGN, TOKEN_IDENT, TOKEN_SEMICOLON)
                {
                    bindings.push(at);
                }
            }
            _ => {}
        }
    }
    bindings
}

/// The kind of the `n`th token before `at`.
fn kind_before(tokens: &[Token<'_>], at: usize, n: usize) -> Option<SyntaxKind> {
    Some(tokens.get(at.checked_sub(n)?)?.kind)
}

/// Text of a string that means itself, without escapes, and not `builtins` again.
fn is_safe(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    text.bytes().all(is_plain) && text != VALUE
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

/// It has a fallback, or need not be evaluated, and is reported if it is.
fn is_optional(before: &[Token<'_>], next: Option<&Token<'_>>, name: &str) -> bool {
    let default = before.last().is_some_and(|token| token.kind == TOKEN_QUESTION);
    REPORTED.contains(&name) && (default || next.is_some_and(|token| token.kind == TOKEN_OR))
}

#[cfg(test)]
mod tests {
    use super::super::literals::read;
    use super::*;

    fn names(source: &str) -> Vec<&'static str> {
        read(source)
            .unwrap()
            .uses
            .iter()
            .map(|found| found.name)
            .collect()
    }

    #[test]
    fn every_way_to_name_a_builtin_is_found() {
        for source in [
            "builtins.getEnv \"A\"",
            "builtins . getEnv \"A\"",
            "builtins.\"getEnv\" \"A\"",
            "(builtins).getEnv \"A\"",
            "builtins.builtins.getEnv \"A\"",
            "builtins.getEnv or (_: \"\") \"A\"",
            "{ a ? builtins.getEnv \"A\" }: a",
            "with builtins; getEnv \"A\"",
            "with ((builtins)); getEnv \"A\"",
            "with builtins; { inherit getEnv; }",
            "let inherit (builtins) map getEnv; in 1",
            "let inherit ((builtins)) map \"getEnv\"; in 1",
            "let b = builtins; in b.getEnv \"A\"",
            "let b = c; c = (builtins); in with b; getEnv \"A\"",
            "let b = builtins; inherit (b) getEnv; in 1",
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
    fn what_may_hide_one_is_found() {
        for source in [
            "f builtins",
            "[ builtins ]",
            "x: builtins",
            "builtins // { }",
            "with builtins // { }; getEnv",
            "{ b = builtins; }",
            "{ inherit builtins; }",
            "{ inherit (builtins) builtins; }",
            "{ b ? builtins }: b.getEnv",
            "let { b = builtins; body = b; }",
            "let a.b = builtins; in a",
            "let b = builtins; in { inherit b; }",
            "let b = builtins; in f b",
            "let in { b = builtins; }",
            "builtins.getAttr \"getEnv\" builtins",
            "let inherit (builtins.builtins) getEnv; in 1",
            "let inherit (let a = 1; in builtins) getEnv; in 1",
        ] {
            assert_eq!(names(source), [VALUE], "{source}");
        }
        for source in [
            "builtins.${name}",
            "builtins.\"${name}\"",
            "builtins.\"get\\Env\"",
            "let b = builtins; in b.${name}",
            "builtins.\"builtins\".getEnv \"A\"",
            "builtins.\"builtins\".nixVersion",
            "let inherit (builtins) \"get\\Env\"; in 1",
            "({ inherit (builtins) \"builtins\"; }).builtins.getEnv \"A\"",
        ] {
            assert_eq!(names(source), [COMPUTED], "{source}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for source in [
            "\"builtins.getEnv\"",
            "# builtins.getEnv",
            "lib.getEnv \"A\"",
            "getEnv \"A\"",
            "x.__getEnv",
            "with builtins; lib.getEnv",
            "with builtins; { getEnv = 1; }",
            "with builtins; map f (attrNames { a = \"getEnv\"; })",
            "let inherit (lib) getEnv; in 1",
            "let inherit (lib) builtins; in 1",
            "let b = builtins; c = b; in c.map f (b.attrNames set)",
            "inherit (builtins) map; inherit getEnv;",
            "{ system ? builtins.currentSystem }: system",
            "builtins.currentSystem or \"x\"",
            "if builtins ? fetchTree then builtins.fetchTree else null",
            "{ lib, builtins }: lib",
            "lib.builtins + x.builtins.y",
            "{ builtins = 1; }",
        ] {
            assert_eq!(names(source), [""; 0], "{source}");
        }
    }
}
