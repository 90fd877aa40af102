//! A dependency whose build script looks for directories of cargo above its OUT_DIR.

fn main() {
    println!("{}", odd_beyond_out_dir::said());
}

#[test]
fn said() {
    assert_eq!(odd_beyond_out_dir::said(), "build");
}
