//! A module of its own was written by the build script.

mod generated;

/// What that module says.
pub fn said() -> &'static str {
    generated::SAID
}
