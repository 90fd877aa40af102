//! The evaluator: the only program of cargo-nix that links libnix.
//!
//! [`serve`] reads requests and writes events; each verb of the protocol is one
//! file in `asks`; [`nix`] is the safe layer over libnix's C API, and, but for
//! setting variables in `settings`, the only place with unsafe code.
//!
//! Promises: evaluation is pure unless the request says otherwise, and that is
//! proved at start; nothing but events reaches standard output; whatever it
//! writes (GC roots) is written beside and renamed; it ends when its reader does.

mod asks;
mod daemon;
mod drv;
mod failure;
mod hints;
pub mod nix;
mod places;
mod programs;
mod progress;
mod roots;
mod sandbox;
pub mod serve;
mod settings;
mod streams;
