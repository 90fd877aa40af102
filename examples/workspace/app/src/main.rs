//! Describes its first argument: by a proc-macro of the workspace, and by a C
//! library of the environment.

use describe::Describe;

#[derive(Describe)]
struct Parcel {
    greeting: Option<String>,
    length: usize,
    digest: String,
}

fn main() {
    let text = std::env::args().nth(1).unwrap_or_default();
    let digest = digest::sha256(text.as_bytes());
    let parcel = Parcel {
        greeting: std::env::var("GREETING").ok(),
        length: text.len(),
        digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let (described, library) = (parcel.describe(), digest::library());
    println!("{described}\n{library}");
}
