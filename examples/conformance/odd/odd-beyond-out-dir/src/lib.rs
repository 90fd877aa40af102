//! What the build script found above its OUT_DIR.

/// The name of the directory two above.
pub fn said() -> &'static str {
    env!("ABOVE_OUT_DIR")
}
