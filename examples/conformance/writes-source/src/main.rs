//! A dependency whose build script writes into its own source.

fn main() {
    println!("{}", odd_writes_source::said());
}

#[test]
fn said() {
    assert_eq!(odd_writes_source::said(), "generated");
}
