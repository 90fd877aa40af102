//! What `cargo-nix` and `cargo-nix-eval` say to each other: one JSON object a
//! line, requests on the evaluator's standard input, [`Event`]s on its standard
//! output. Each request is answered by any number of [`Event::Progress`] and
//! exactly one of [`Event::Answer`] or [`Event::Failure`].
//!
//! Data only: nothing here reads or writes anything.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Both sides refuse another version than this; bumped with every change of a
/// shape below.
pub const VERSION: u32 = 5;

/// A directory of which the NAR hash is known, so that pure evaluation may read it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Tree {
    /// Absolute path of the directory.
    pub path: PathBuf,
    /// `sha256-<base64>`, as `builtins.fetchTree` takes it.
    pub nar_hash: String,
}

/// How the evaluator sets libnix up before it opens the store.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Settings {
    /// `false`: nothing but the trees of the request can be read.
    pub impure: bool,
    /// No network: neither substituters nor fetches.
    pub offline: bool,
    /// Directories of the machine that a derivation may ask for with
    /// `__impureHostDeps`. No other derivation sees them in its sandbox.
    pub sandbox_paths: Vec<String>,
    /// `<place in the sandbox>=<path in the store>`: what every build of this
    /// process sees, unless it asks for the machine's own.
    #[serde(default)]
    pub mounts: Vec<String>,
    /// No build does without a sandbox where there can be none.
    #[serde(default)]
    pub sandboxed: bool,
    /// Nothing but units is wanted of binary caches: what they are made of is in the
    /// store, or of this machine.
    #[serde(default)]
    pub units_alone: bool,
}

/// One line of the evaluator's standard input.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Request {
    /// [`VERSION`] of the sender.
    pub version: u32,
    /// Settings; those of a process's first request hold for all of them.
    pub settings: Settings,
    /// What is wanted.
    pub ask: Ask,
}

/// The verbs of the evaluator, one file each in `crates/evaluator/src`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", tag = "verb")]
#[allow(clippy::large_enum_variant, reason = "there is one of these in a process")]
pub enum Ask {
    /// Evaluate and realise a project's environment.
    Env(EnvAsk),
    /// Add directories of the machine (components of a toolchain) to the store.
    Import(ImportAsk),
    /// The closure of a store path, with sizes and references.
    Closure(ClosureAsk),
    /// Start, open the store, prove that evaluation is hermetic, say versions.
    Probe,
    /// Instantiate and realise the derivation of one unit of cargo's, once it is
    /// proved that builds are in a sandbox that shows [`Settings::mounts`] and
    /// nothing else of the machine.
    Unit(Box<UnitAsk>),
    /// Make links to store paths, and GC roots of the links.
    Roots(RootsAsk),
}

/// See [`Ask::Env`].
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct EnvAsk {
    /// The input set of the project, as it was hashed.
    pub snapshot: Tree,
    /// cargo-nix's own Nix library (`nix/`), which holds `entry.nix`.
    pub library: Tree,
    /// The project's directory on disk: positions in errors are given in it.
    pub project_root: PathBuf,
    /// Given to `entry.nix` as its one argument (parsed from JSON), with the
    /// attribute `snapshot` (the store path of the snapshot, a path) added.
    pub arguments: EnvArguments,
    /// Where GC roots are made. `env` links to the environment, `input-N` to
    /// the fetched inputs of its evaluation.
    pub roots: PathBuf,
}

/// The argument of `nix/entry.nix`. All directories are relative to the
/// snapshot, `""` being its top.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EnvArguments {
    /// Nix's name of the machine, `x86_64-linux` and so on.
    pub system: String,
    /// Directories with a `crate-env.nix`, the workspace's root first, the
    /// member last; each is laid over those before it.
    pub layers: Vec<String>,
    /// The directory of the nearest flake.nix or flake.lock or npins, if any.
    pub pins: Option<String>,
    /// The directory of the nearest rust-toolchain.toml (or rust-toolchain).
    pub rust_toolchain: Option<String>,
    /// The host set's description of this machine (`src/host`).
    pub host: serde_json::Value,
    /// `<nixpkgs>` and the like may be used.
    pub impure: bool,
    /// Packages of Cargo.lock that are known to need native libraries, sorted:
    /// only for these does a package set of nixpkgs' size have to be looked at.
    /// Empty over the host set, which has them all.
    #[serde(default)]
    pub crates: Vec<String>,
}

/// See [`Ask::Import`].
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct ImportAsk {
    /// What is to be added.
    pub items: Vec<Import>,
}

/// A part of a directory of this machine, to be added to the store by content.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Import {
    /// The identity under which `host.imports` finds the store path again.
    pub id: String,
    /// Name part of the store path, e.g. `rustc-1.95.0`.
    pub name: String,
    /// The directory it is taken from.
    pub root: PathBuf,
    /// Files and directories below `root`, relative; a directory stands for
    /// all it holds.
    pub files: Vec<String>,
}

/// See [`Ask::Roots`].
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct RootsAsk {
    /// Each link, absolute, and the store path it leads to.
    pub links: Vec<(PathBuf, String)>,
}

/// See [`Ask::Closure`].
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct ClosureAsk {
    /// The store path whose closure is wanted; it must be valid.
    pub path: String,
    /// Nix's name of the machine.
    pub system: String,
}

/// See [`Ask::Unit`]. The builder is `/bin/sh -c <script> unit <arguments…>`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct UnitAsk {
    /// Name part of the output's store path.
    pub name: String,
    /// Nix's name of the machine that builds it.
    pub system: String,
    /// The text that sh runs.
    pub script: String,
    /// `"$@"` of the script.
    pub arguments: Vec<String>,
    /// Variables of the builder; none has the name of an attribute that means
    /// something to Nix (see [`UnitAsk::is_reserved`]).
    pub variables: BTreeMap<String, String>,
    /// Every store path that the above mentions, and whatever else is wanted
    /// in the sandbox.
    pub inputs: Vec<StoreInput>,
    /// A link to its output that is to be a GC root, in a directory that is made where
    /// its parent is there.
    #[serde(default)]
    pub root: Option<PathBuf>,
}

impl UnitAsk {
    /// Whether Nix gives an attribute of a derivation of this name a meaning
    /// of its own, so that it cannot be a variable of a unit.
    pub fn is_reserved(name: &str) -> bool {
        const NAMES: [&str; 26] = [
            "allowSubstitutes",
            "allowedReferences",
            "allowedRequisites",
            "args",
            "builder",
            "contentAddressed",
            "disallowedReferences",
            "disallowedRequisites",
            "exportReferencesGraph",
            "impureEnvVars",
            "inputs",
            "name",
            "out",
            "outputChecks",
            "outputHash",
            "outputHashAlgo",
            "outputHashMode",
            "outputs",
            "passAsFile",
            "preferLocalBuild",
            "requiredSystemFeatures",
            "system",
            "unsafeDiscardReferences",
            "meta",
            "urls",
            "type",
        ];
        name.is_empty() || name.starts_with("__") || name.contains(['=', '\0']) || NAMES.contains(&name)
    }
}

/// A store path that a unit reads.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreInput {
    /// The store path: output `out` of `derivation`, or a source.
    pub path: String,
    /// The derivation that makes it, if one does and it is known.
    pub derivation: Option<String>,
}

/// One line of the evaluator's standard output.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// Work goes on.
    Progress(Progress),
    /// The end, well.
    Answer(Box<Answer>),
    /// The end, ill.
    Failure(Box<Failure>),
}

/// A step of the work, as a user may be told.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Progress {
    /// What kind of work.
    pub kind: ProgressKind,
    /// On what: a store path's name, an URL, a file.
    pub what: String,
    /// How many derivations are at most left to build or fetch, if known.
    pub left: Option<u64>,
}

/// The kinds of work.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum ProgressKind {
    /// Evaluation of Nix expressions.
    Evaluate,
    /// Download or copy into the store.
    Fetch,
    /// A part of this machine being added to the store.
    Import,
    /// A derivation being built.
    Build,
    /// A line of a builder's output.
    Log,
}

/// The answers, in the order of [`Ask`].
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", tag = "of")]
pub enum Answer {
    /// The environment is realised.
    Env(EnvAnswer),
    /// The environment needs these first; ask again when they are imported.
    NeedImports {
        /// What is missing.
        items: Vec<Import>,
    },
    /// Store paths by [`Import::id`].
    Import {
        /// id -> store path
        paths: BTreeMap<String, String>,
    },
    /// The closure, each path once.
    Closure {
        /// In no particular order.
        paths: Vec<ClosurePath>,
    },
    /// The unit is in the store.
    Unit {
        /// Its output.
        path: String,
        /// Its derivation.
        derivation: String,
    },
    /// The links are there.
    Roots {
        /// What the collector could not be told of.
        warning: Option<String>,
    },
    /// Versions.
    Probe {
        /// libnix's own version, e.g. `2.26.3`.
        nix: String,
        /// The store directory, e.g. `/nix/store`.
        store_dir: String,
        /// The URI of the opened store.
        store_uri: String,
        /// Whether the store's daemon trusts this user; `None` without a daemon,
        /// or if it does not say.
        trusted: Option<bool>,
        /// Why units cannot be built, if they cannot; asked for with
        /// [`Settings::sandboxed`].
        #[serde(default)]
        unsealed: Option<String>,
        /// The program of that name which belongs to libnix, if there is one.
        #[serde(default)]
        nix_store: Option<PathBuf>,
    },
}

/// The realised environment.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct EnvAnswer {
    /// Store path of the environment; its closure is the toolchain closure.
    pub path: String,
    /// The text of the file that `path` is (its shape: `src/env/dump.rs`).
    pub dump: String,
    /// `entry.nix`'s `meta`: facts about the evaluation that are not part of
    /// the environment (its shape: `src/env/dump.rs`).
    pub meta: serde_json::Value,
    /// Store paths of the fetched inputs that were made GC roots.
    pub inputs: Vec<String>,
    /// Warnings: those of the evaluation (`builtins.warn`), and what else libnix
    /// had to say.
    pub warnings: Vec<String>,
    /// Those of the evaluation alone, which are true as long as the environment is.
    #[serde(default)]
    pub lasting: Vec<String>,
}

/// A path of a closure.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct ClosurePath {
    /// The store path.
    pub path: String,
    /// Size of its NAR in bytes.
    pub nar_size: u64,
    /// Store paths it refers to, itself left out.
    pub references: Vec<String>,
}

/// An error, ready to be shown.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Failure {
    /// What we were doing, e.g. `evaluating crate-env.nix`.
    pub doing: String,
    /// The short message, without position and trace.
    pub message: String,
    /// Where in the project, if the error has a place there.
    pub position: Option<Position>,
    /// The way out, if we know one.
    pub hint: Option<String>,
    /// The whole trace, as Nix gives it.
    pub trace: Option<String>,
    /// What the builders printed, if one of them failed; the last lines of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What kind of fault, for the exit code.
    pub kind: FailureKind,
    /// What else is wrong, each to be shown like the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Fault>,
}

/// One more fault of a [`Failure`]; fields as there.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Fault {
    /// The short message.
    pub message: String,
    /// Where in the project.
    pub position: Option<Position>,
    /// The way out.
    pub hint: Option<String>,
}

/// A place in a file of the project.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Position {
    /// Absolute path on disk (below [`EnvAsk::project_root`]).
    pub file: PathBuf,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// Kinds of faults; `src/error.rs` gives each its exit code.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The project's Nix expressions are at fault.
    Evaluation,
    /// A derivation failed to build, or could not be fetched.
    Build,
    /// The store could not be opened or written.
    Store,
    /// The request itself was not understood, or a bug of ours.
    Internal,
}
