//! Prints its arguments as JSON, each with its length.

use serde::Serialize;

#[derive(Serialize)]
struct Argument {
    text: String,
    length: String,
}

fn main() {
    let arguments: Vec<Argument> = std::env::args()
        .skip(1)
        .map(|text| Argument {
            length: itoa::Buffer::new().format(text.len()).to_owned(),
            text,
        })
        .collect();
    println!("{}", serde_json::json!(arguments));
}
