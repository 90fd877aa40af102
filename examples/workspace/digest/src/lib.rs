//! Digests by the C library of the environment.

use std::ffi::CStr;

/// The SHA-256 digest of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    // SAFETY: it reads `len` bytes of `bytes` and writes 32 of `digest`.
    unsafe { openssl_sys::SHA256(bytes.as_ptr(), bytes.len(), digest.as_mut_ptr()) };
    digest
}

/// The version of the library, as it says itself.
pub fn library() -> String {
    // SAFETY: it gives a string that stays.
    let text = unsafe { CStr::from_ptr(openssl_sys::OpenSSL_version(openssl_sys::OPENSSL_VERSION)) };
    text.to_string_lossy().into_owned()
}
