//! `#[derive(Describe)]` gives a struct with named fields `describe()`: its name
//! and its fields, on one line.

use proc_macro::{Delimiter, TokenStream, TokenTree};

/// See the crate.
#[proc_macro_derive(Describe)]
pub fn describe(item: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = item.into_iter().collect();
    let name = after(&tokens, "struct").expect("`Describe` is for structs");
    let body = tokens.iter().find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    });
    let fields = names(body.expect("`Describe` is for structs with named fields"));
    let shown: Vec<String> = fields.iter().map(|field| format!("{field}={{:?}}")).collect();
    let values: Vec<String> = fields.iter().map(|field| format!("self.{field}")).collect();
    format!(
        "impl {name} {{
            /// The name and the fields, on one line.
            pub fn describe(&self) -> String {{ format!(\"{name} {}\", {}) }}
        }}",
        shown.join(" "),
        values.join(", ")
    )
    .parse()
    .expect("an impl")
}

/// The token after the identifier `word`.
fn after(tokens: &[TokenTree], word: &str) -> Option<String> {
    let at = tokens.iter().position(|token| token.to_string() == word)?;
    tokens.get(at + 1).map(ToString::to_string)
}

/// The identifiers before a `:` that does not belong to a path.
fn names(body: TokenStream) -> Vec<String> {
    let tokens: Vec<String> = body.into_iter().map(|token| token.to_string()).collect();
    let colon = |at: usize| tokens.get(at).is_some_and(|token| token == ":");
    (1..tokens.len())
        .filter(|&at| colon(at) && !colon(at - 1) && !colon(at + 1))
        .map(|at| tokens[at - 1].clone())
        .collect()
}
