//! A configure script and make, run by a build script.

/// The size of the least block that holds this many bytes.
fn size_of_block(bytes: usize) -> usize {
    // SAFETY: the block is freed, and not used.
    unsafe {
        let block = tikv_jemalloc_sys::malloc(bytes);
        let size = tikv_jemalloc_sys::malloc_usable_size(block);
        tikv_jemalloc_sys::free(block);
        size
    }
}

fn main() {
    println!("{}", size_of_block(100));
}

#[test]
fn classes_of_size() {
    assert_eq!(size_of_block(100), 112);
}
