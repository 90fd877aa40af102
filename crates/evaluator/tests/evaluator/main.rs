//! The evaluator as a process, over a real libnix and real stores: one file per
//! behaviour.

mod closure;
mod concurrent;
mod conversation;
mod env;
mod errors;
mod hermetic;
mod import;
mod killed;
mod probe;
mod roots;
mod unit;
mod world;
