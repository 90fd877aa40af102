//! Half a thousand files of C++, and libclang: the longest build script of all.

fn said() -> String {
    // SAFETY: options that were made are destroyed, once.
    unsafe {
        let options = librocksdb_sys::rocksdb_options_create();
        librocksdb_sys::rocksdb_options_set_create_if_missing(options, 1);
        let set = librocksdb_sys::rocksdb_options_get_create_if_missing(options);
        librocksdb_sys::rocksdb_options_destroy(options);
        format!("create_if_missing {set}")
    }
}

fn main() {
    println!("{}", said());
}

#[test]
fn options() {
    assert_eq!(said(), "create_if_missing 1");
}
