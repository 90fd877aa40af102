//! The closure of an environment: every store path it needs, how large each
//! is, how much of the whole each is to blame for, and what brings it in.
//!
//! Pure: it takes what the evaluator answered ([`cargo_nix_protocol::ClosurePath`])
//! and returns data and text. It never reads the store.
//!
//! Two sizes are told of each path:
//! - its **own size**: the bytes of its NAR. Those of all paths add up to the
//!   total.
//! - its **added size**: the total minus what would be left if this path were
//!   not there, that is, the own sizes of all paths that every chain of
//!   references from the environment reaches through this one, itself
//!   included. What two paths share is added by neither, so added sizes do
//!   *not* add up to the total; the environment's own is the total.

mod dominators;
mod graph;
mod html;
mod json;
mod name;
mod query;
mod report;
mod text;
mod treemap;
mod why;

pub use graph::{Graph, GraphError};
pub use html::html;
pub use json::{closure_json, why_json};
pub use name::{Kind, StoreName};
pub use query::{Found, find};
pub use report::{Report, Row};
pub use text::{iec, text, why_text};
pub use why::{Why, why};
