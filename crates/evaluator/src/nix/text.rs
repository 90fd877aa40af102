//! Text on its way out of libnix: the callback that copies it, and the check on
//! its way in.

use super::NixError;
use nix_c_bindings as sys;
use std::ffi::{CString, c_char, c_uint, c_void};

/// Runs a C call that hands its text to a callback, and returns the text.
/// Bytes that are no UTF-8 are replaced.
pub(super) fn collect<T>(call: impl FnOnce(sys::nix_get_string_callback, *mut c_void) -> T) -> String {
    collect_with(call).0
}

/// Like [`collect`], with the result of the call.
pub(super) fn collect_with<T>(
    call: impl FnOnce(sys::nix_get_string_callback, *mut c_void) -> T,
) -> (String, T) {
    let mut text = Vec::new();
    let result = call(Some(append), (&raw mut text).cast());
    let text = String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    (text, result)
}

/// The callback: no panic leaves it, since the frames above are C++.
unsafe extern "C" fn append(start: *const c_char, length: c_uint, data: *mut c_void) {
    let _ = std::panic::catch_unwind(|| {
        if start.is_null() {
            return;
        }
        // SAFETY: `data` is the Vec of `collect_with`, which is borrowed by
        // nobody else during the call; libnix gives `length` bytes at `start`.
        unsafe {
            let text = &mut *data.cast::<Vec<u8>>();
            text.extend_from_slice(std::slice::from_raw_parts(start.cast::<u8>(), length as usize));
        }
    });
}

/// Text as C takes it.
pub(super) fn c_string(text: &str) -> Result<CString, NixError> {
    CString::new(text)
        .map_err(|_| NixError::ours(format!("{text:?} holds a NUL byte, which Nix cannot represent")))
}
