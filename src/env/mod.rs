//! An environment: obtained ([`obtain()`]), read ([`dump`]), rendered ([`render`]).

pub mod dump;
mod obtain;
pub mod render;

pub use dump::Env;
pub use obtain::obtain;
pub use render::Format;
