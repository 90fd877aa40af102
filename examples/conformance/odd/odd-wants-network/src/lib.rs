//! Exists only if the build script could connect.

/// Whether it did.
pub fn said() -> &'static str {
    "connected"
}
