//! Proc-macros, and build scripts that ask the compiler what it can.

#[derive(serde::Serialize)]
struct Tokens {
    count: usize,
}

fn said() -> String {
    let stream: proc_macro2::TokenStream = "fn main() {}".parse().expect("these are tokens");
    let tokens = Tokens {
        count: stream.into_iter().count(),
    };
    serde_json::to_string(&tokens).expect("a number can be written")
}

fn main() {
    println!("{}", said());
}

#[test]
fn counted() {
    assert_eq!(said(), r#"{"count":4}"#);
}
