//! Prints the version of the zlib that it was linked with, and the checksum of
//! its first argument.

fn main() {
    let text = std::env::args().nth(1).unwrap_or_default();
    let length = u32::try_from(text.len()).expect("an argument is shorter than 4 GiB");
    // SAFETY: zlibVersion gives a static string; crc32 reads `length` bytes of `text`.
    let (version, checksum) = unsafe {
        (
            std::ffi::CStr::from_ptr(libz_sys::zlibVersion()),
            libz_sys::crc32(0, text.as_ptr(), length),
        )
    };
    println!("zlib {} {checksum:08x}", version.to_string_lossy());
}
