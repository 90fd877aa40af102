//! An environment: obtained ([`obtain()`]), read ([`dump`]), rendered ([`render`]).

mod crates;
pub mod dump;
mod obtain;
pub mod render;

pub use dump::Env;
pub use obtain::{Obtained, obtain, system};
pub use render::Format;
