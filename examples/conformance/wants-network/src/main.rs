//! A dependency whose build script asks the network: a sandbox has none.

fn main() {
    println!("{}", odd_wants_network::said());
}

#[test]
fn said() {
    assert_eq!(odd_wants_network::said(), "connected");
}
