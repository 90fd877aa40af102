//! An environment: obtained ([`obtain()`]), read ([`dump`]), merged with the
//! variables that are there ([`merge`]), entered and left again ([`diff`]),
//! rendered ([`render`]).

mod crates;
pub mod diff;
pub mod dump;
mod fill;
pub mod limits;
pub mod merge;
mod obtain;
mod parts;
pub mod render;

pub use dump::{CrateEntry, Env};
pub use obtain::{Look, Obtained, obtain, obtain_only};
pub use parts::system;
pub use render::Format;
