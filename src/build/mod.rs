//! Stock cargo, artifacts from the store: what stands behind `RUSTC_WRAPPER`.
//!
//! The way of a unit (cargo's word: one rustc call, or one build-script run),
//! one file a step; the first eight are pure, the others do the reading and
//! writing:
//!
//! - [`argfile`], [`invocation`]: what cargo asks of rustc
//! - [`origin`]: store-backed or local
//! - [`paths`]: which paths a string mentions, and whether they are accounted for
//! - [`refused`]: options that make a unit local
//! - [`names`]: variables that a sandbox has values of its own for
//! - [`plan`]: the derivation of a unit, as data
//! - [`key`]: the hash of that
//! - [`probe`]: what cargo asks rustc about itself
//! - [`context`]: the toolchain and the inputs of the environment at hand
//! - [`source`]: a package's source as a store path
//! - [`tree`]: what a unit sees of the machine, as a store path
//! - [`index`]: key -> store path, in the cache
//! - [`sidecar`]: which store path an artifact in a target directory is
//! - [`realise`], [`service`]: a miss: the evaluator builds the derivation
//! - [`place`], [`depinfo`], [`messages`]: a unit's outputs where cargo wants them
//! - [`directives`], [`watched`], [`out_dir`], [`denied`]: what a build script tells cargo, has it watch, leaves,
//!   and lacked
//! - [`libraries`]: shared libraries in the `OUT_DIR`s of other packages
//! - [`found`]: units that were in the store though the index did not know of them
//! - [`heal`]: what a collection took of a target directory
//! - [`runs`]: what need not be found out again in one run of cargo
//! - [`journal`]: what is noted of each unit, for `stats` and `why`
//! - [`chained`]: the wrapper that the user had
//! - [`history`]: the journal read back
//! - [`compare`], [`differ`]: what is different between two units
//! - [`config`]: what the environment sets, as lines of `.cargo/config.toml`
//! - [`fetched`]: what cargo downloaded and unpacked, compared
//! - [`timeline`]: a build as a page
//! - [`report`]: what is told of a unit, and to whom
//! - [`seed`]: what a build left in its target directory, for the next checkout of the same
//! - [`roots`]: what keeps the collector from a target directory's units
//! - [`workshop`]: what both kinds of units have in common
//! - [`compile`], [`script`]: the two kinds of units, from end to end
//!
//! Promises: whatever cannot be accounted for is [`Local`]: compiled by the real
//! rustc as if we were not there, and never served to anybody. The derivation
//! and the key are made of the same [`plan`], so nothing can be in one and not
//! in the other.

pub mod argfile;
pub mod chained;
pub mod compare;
pub mod compile;
pub mod config;
pub mod context;
pub mod denied;
pub mod depinfo;
pub mod differ;
pub mod directives;
pub mod fetched;
pub mod found;
pub mod heal;
pub mod history;
pub mod index;
pub mod invocation;
pub mod journal;
pub mod key;
pub mod libraries;
pub mod messages;
mod names;
pub mod origin;
pub mod out_dir;
pub mod paths;
pub mod place;
pub mod plan;
pub mod probe;
pub mod realise;
pub mod refused;
pub mod report;
pub mod roots;
pub mod runs;
pub mod script;
pub mod seed;
pub mod service;
pub mod sidecar;
pub mod source;
pub mod timeline;
pub mod tree;
mod watched;
pub mod workshop;

/// Why a unit is compiled here and now by the real rustc, as users are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local(pub String);

impl Local {
    /// A unit is local because of this: a fragment such as
    /// `it is a member of the workspace`.
    pub fn because(reason: impl Into<String>) -> Local {
        Local(reason.into())
    }
}

impl std::fmt::Display for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
