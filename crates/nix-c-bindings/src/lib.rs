//! Raw bindings to the C API of the libnix that build.rs found: what bindgen
//! makes of its headers, and nothing else. The safe layer over them is
//! `crates/evaluator/src/nix`.
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals, missing_docs)]
#![allow(clippy::all)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
