//! The path literals of a Nix file, and its uses of builtins that look at the
//! machine, read off its tokens: that way a file with syntax errors, or of ten
//! megabytes, or nested a hundred thousand deep is read like any other.
//!
//! Pure: text in, data out. A string is never a path.

use super::forbidden::{self, Use};
use rnix::SyntaxKind::{self, *};

/// A relative path literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    /// As written; of an interpolated one, the directory before the first
    /// `${`, with its slash: `./a/` of `./a/b-${x}.nix`; of `(./a + "/b")`,
    /// what that adds up to.
    pub text: String,
    /// It is the argument of `import`.
    pub import: bool,
    /// Byte offset of its first character.
    pub offset: usize,
}

/// What a Nix file says of the files around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub literals: Vec<Literal>,
    pub uses: Vec<Use>,
}

/// A token that is neither blank nor comment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub kind: SyntaxKind,
    pub text: &'a str,
    pub offset: usize,
}

/// So many steps are a quarter of a second.
const STEPS: usize = 100 << 20;

/// Reads the tokens of `source`.
///
/// # Errors
/// The offset from which on it would take too long: from each token on, the library
/// looks for the end of what could be a path, and a stranger's file may be one word.
pub(super) fn read(source: &str) -> Result<Found, usize> {
    let mut offset = 0;
    let (mut steps, mut word_end) = (0, 0);
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_.+-~".contains(byte);
    let mut tokens = Vec::new();
    let mut previous_end = 0;
    let mut touching = Vec::new();
    for (kind, text) in rnix::tokenize(source) {
        if word_end <= offset {
            let rest = &source.as_bytes()[offset..];
            word_end = offset + rest.iter().take_while(|byte| goes_on(byte)).count();
        }
        steps += word_end - offset;
        if steps > STEPS {
            return Err(offset);
        }
        if !kind.is_trivia() {
            touching.push(previous_end == offset);
            previous_end = offset + text.len();
            tokens.push(Token { kind, text, offset });
        }
        offset += text.len();
    }
    Ok(Found {
        literals: literals(&tokens, &touching),
        uses: forbidden::uses(&tokens),
    })
}

/// Whether `bytes`, of a file that a literal names and that may be anything, can be
/// an expression that leads on or looks at the machine.
pub(super) fn may_lead_on(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|source| {
        read(source).is_ok_and(|found| found != Found::default())
            && rnix::Root::parse(source).errors().is_empty()
    })
}

/// `touching[i]`: nothing stands between token `i` and the one before it.
fn literals(tokens: &[Token<'_>], touching: &[bool]) -> Vec<Literal> {
    let mut found = Vec::new();
    // One entry for each open `${`: does it belong to a path?
    let mut open = Vec::new();
    // The path that ended its last `${…}` with the token before may go on.
    let mut continues = false;
    for (at, token) in tokens.iter().enumerate() {
        let goes_on = std::mem::take(&mut continues) && touching[at];
        let next_interpolates = tokens
            .get(at + 1)
            .is_some_and(|next| next.kind == TOKEN_INTERPOL_START && touching[at + 1]);
        match token.kind {
            TOKEN_PATH_REL if !goes_on => {
                let sum = sum_in_parentheses(&tokens[..at], &tokens[at + 1..]);
                let text = match sum {
                    _ if next_interpolates => directory_part(token.text).to_owned(),
                    Some(rest) => format!("{}{rest}", token.text),
                    None => token.text.to_owned(),
                };
                let whole = sum.is_some() || tokens.get(at + 1).is_none_or(|next| next.kind == TOKEN_R_PAREN);
                let import = !next_interpolates && is_import(&tokens[..at], whole);
                found.push(Literal {
                    text,
                    import,
                    offset: token.offset,
                });
                continues = next_interpolates;
            }
            TOKEN_PATH_REL | TOKEN_PATH_ABS | TOKEN_PATH_HOME => continues = next_interpolates,
            TOKEN_INTERPOL_START => open.push(goes_on),
            TOKEN_INTERPOL_END => continues = open.pop().unwrap_or(false),
            _ => {}
        }
    }
    found
}

fn directory_part(text: &str) -> &str {
    text.rfind('/').map_or(text, |slash| &text[..=slash])
}

/// The `/b` of `(./a + "/b")`, given what stands before and after the `./a`.
/// Without the parentheses, `./a` may belong to the call before it.
fn sum_in_parentheses<'a>(before: &[Token<'_>], after: &[Token<'a>]) -> Option<&'a str> {
    let [plus, start, content, end, close, ..] = after else {
        return None;
    };
    let kinds = [plus, start, content, end, close].map(|token| token.kind);
    let sum = [
        TOKEN_ADD,
        TOKEN_STRING_START,
        TOKEN_STRING_CONTENT,
        TOKEN_STRING_END,
        TOKEN_R_PAREN,
    ];
    let opened = before.last().is_some_and(|token| token.kind == TOKEN_L_PAREN);
    let plain = content.text.starts_with('/') && !content.text.contains(['\\', '$', '\'']);
    (opened && kinds == sum && plain).then_some(content.text)
}

/// Whether the tokens `before` end with `import`, `builtins.import` or with a `(`
/// after one of them: `import (./a.nix)`. `whole`: what follows belongs to
/// nothing else; in `import (./a + x)`, `./a` is not what is imported.
fn is_import(before: &[Token<'_>], whole: bool) -> bool {
    let before = match before {
        [rest @ .., paren] if paren.kind == TOKEN_L_PAREN && whole => rest,
        _ => before,
    };
    match before {
        [.., builtins, dot, import] if dot.kind == TOKEN_DOT => {
            builtins.text == "builtins" && import.text == "import"
        }
        [.., import] => import.kind == TOKEN_IDENT && import.text == "import",
        [] => false,
    }
}

/// Line and column, both from 1, the column in characters.
pub(super) fn place(source: &str, offset: usize) -> (u32, u32) {
    let before = &source[..offset.min(source.len())];
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        read(source)
            .unwrap()
            .literals
            .into_iter()
            .map(|literal| literal.text)
            .collect()
    }

    #[test]
    fn relative_paths_are_literals_and_strings_are_not() {
        let source = r#"
            { a = ./a.nix; b = ../b; c = sub/c.nix; d = "./d"; e = ''./e ${./f}''; # ./g
              h = <nixpkgs>; i = /etc/passwd; j = ~/x; k = https://example.org/x; l = a/*b*/./m; }
        "#;
        assert_eq!(texts(source), ["./a.nix", "../b", "sub/c.nix", "./f", "./m"]);
    }

    #[test]
    fn an_interpolated_path_counts_with_its_static_directory() {
        assert_eq!(texts("./a/b-${x}.nix"), ["./a/"]);
        assert_eq!(texts("./${x}/y/${z}.nix"), ["./"]);
        assert_eq!(texts("./a/${import ./c.nix}/d/e"), ["./a/", "./c.nix"]);
        assert_eq!(texts("[ ./a/${x} ./b ]"), ["./a/", "./b"]);
        assert_eq!(texts("./a/${\"${./d}\"}${y}/f ./g"), ["./a/", "./d", "./g"]);
        assert_eq!(texts("/abs/${x}/y/z"), [""; 0]);
    }

    #[test]
    fn the_argument_of_import_is_known() {
        let imports = |source: &str| read(source).unwrap().literals[0].import;
        assert!(imports("import ./a"));
        assert!(imports("import (./a)"));
        assert!(imports("(builtins.import ./a)"));
        assert!(!imports("x.import ./a"));
        assert!(!imports("callPackage ./a"));
        assert!(!imports("import ./${a}"));
        assert!(imports("import (./a + \"/b.nix\")"));
        assert!(!imports("import (./a + b)"));
    }

    #[test]
    fn a_sum_of_a_path_and_a_text_is_one_literal() {
        assert_eq!(texts("import (./. + \"/a.nix\")"), ["././a.nix"]);
        assert_eq!(texts("f (./a + ''/b'')"), ["./a/b"]);
        for open in [
            "f ./a + \"/b\"",
            "(f ./a + \"/b\")",
            "(./a + \"b\")",
            "(./a + \"/${b}\")",
            "(./a + \"/\\n\")",
            "(./a + \"/b\" + c)",
            "(./a + b)",
        ] {
            assert_eq!(texts(open), ["./a"], "{open}");
        }
    }

    #[test]
    fn a_broken_file_still_has_its_literals() {
        assert_eq!(texts("{ a = import ./a.nix; b = = ; c = ./c"), ["./a.nix", "./c"]);
        assert_eq!(texts("}}} ${ ./a \" ./b"), ["./a"]);
        assert_eq!(texts(&"(".repeat(100_000)), [""; 0]);
    }

    #[test]
    fn places_count_characters() {
        assert_eq!(place("a\nüß x", 6 + 1), (2, 4));
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("a\n", 2), (2, 1));
    }
}
