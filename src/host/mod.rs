//! The host set: what this machine itself provides, described.
