//! The derivation of a unit, as data: everything that its result may depend on
//! and nothing else. Pure: what it needs of the machine comes in.
//!
//! Promises: two calls that may give different artifacts have different plans;
//! and checkouts, homes, terminals and job counts are in none of them. Values
//! that mention a path outside of the store and the sandbox make the unit
//! [`Local`].

mod planner;

use super::Local;
use super::context::Context;
use super::invocation::Invocation;
use cargo_nix_protocol::{StoreInput, UnitAsk};
use planner::Planner;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// How a unit of rustc is built.
pub(super) const COMPILE: &str = concat!(
    include_str!("../../nix/unit/begin.sh"),
    include_str!("../../nix/unit/compile.sh")
);
/// How a build script is run.
pub(super) const RUN: &str = concat!(
    include_str!("../../nix/unit/begin.sh"),
    include_str!("../../nix/unit/run.sh")
);

/// The variables of a process, all of them.
pub type Variables = BTreeMap<OsString, OsString>;

/// A package's source, as cargo sees it and in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The tree on disk, as the paths of cargo's calls begin.
    pub root: PathBuf,
    /// The same tree in the store.
    pub input: StoreInput,
}

impl Source {
    /// Where cargo has the package itself, which may be deeper.
    pub fn directory<'a>(&'a self, variables: &'a Variables) -> &'a Path {
        let manifest = variables.get(OsStr::new("CARGO_MANIFEST_DIR"));
        manifest.map_or(self.root.as_path(), Path::new)
    }
}

/// What the build script of the unit's package left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// `OUT_DIR` as cargo sees it.
    pub out_dir: PathBuf,
    /// The run in the store; its `OUT_DIR` is `out` below it.
    pub input: Option<StoreInput>,
    /// The names that its `rustc-env` lines set.
    pub rustc_env: Vec<String>,
}

/// What a plan is made of besides the call itself.
pub struct Given<'a> {
    /// The environment at hand.
    pub context: &'a Context,
    /// The package's own variables in the store.
    pub environment: &'a StoreInput,
    /// The package's source.
    pub source: &'a Source,
    /// The package's build script, if it has one.
    pub ran: Option<&'a Ran>,
    /// The variables that cargo set for this process, among others.
    pub variables: &'a Variables,
    /// Variables that an earlier build of this unit was seen to read.
    pub tracked: &'a BTreeSet<String>,
    /// Where the `OUT_DIR`s of other packages' scripts, as cargo sees them, are in
    /// the store.
    pub others: &'a [(PathBuf, String)],
    /// Variables that crate-env.nix sets for this package alone: its value
    /// counts, whatever this process has.
    pub own: &'a [String],
    /// The derivation of a store path, if it is known.
    pub derivation_of: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a path exists on this machine.
    pub exists: &'a dyn Fn(&Path) -> bool,
}

/// What cargo sets for rustc beside `CARGO_PKG_*`.
/// (`CARGO` is set by the builder.)
const COMPILE_VARIABLES: [&str; 6] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "RUSTC_BOOTSTRAP",
];
/// What cargo sets for build scripts beside `CARGO_PKG_*`, `CARGO_FEATURE_*`,
/// `CARGO_CFG_*` and `DEP_*`. `NUM_JOBS`, `OUT_DIR`, `RUSTC` and `RUSTDOC` are
/// set by the builder.
const RUN_VARIABLES: [&str; 11] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "DEBUG",
    "HOST",
    "OPT_LEVEL",
    "PROFILE",
    "RUSTC_BOOTSTRAP",
    "RUSTC_LINKER",
    "TARGET",
];

/// The plan of a compiling call; `dependencies` holds the store path of each
/// `--extern` that has a path, in order.
///
/// # Errors
/// Something of it cannot be accounted for.
pub fn compile(unit: &Invocation, dependencies: &[StoreInput], given: &Given) -> Result<UnitAsk, Local> {
    let mut plan = Planner::new(given);
    let rustc = given.context.rustc();
    plan.arguments.push(utf8(rustc.as_os_str())?);
    let mut externs = dependencies.iter();
    for argument in &unit.arguments {
        plan.argument(argument, &mut externs)?;
    }
    for name in COMPILE_VARIABLES {
        plan.given(name)?;
    }
    if let Some(ran) = given.ran {
        for name in &ran.rustc_env {
            plan.given(name)?;
        }
        if let Some(input) = &ran.input {
            plan.set("OUT_DIR", format!("{}/out", input.path))?;
            plan.inputs.insert(input.clone());
        }
    }
    let paths: BTreeSet<&str> = dependencies.iter().map(|input| input.path.as_str()).collect();
    plan.set(
        "unitDependencies",
        paths.into_iter().collect::<Vec<_>>().join("\n"),
    )?;
    let is_opaque = unit
        .crate_types
        .iter()
        .all(|kind| kind == "proc-macro" || kind == "bin");
    plan.set("unitOpaque", if is_opaque { "1" } else { "" }.into())?;
    plan.inputs.extend(dependencies.iter().cloned());
    plan.finish(
        COMPILE,
        if unit.is_build_script() {
            "-build-script"
        } else {
            ""
        },
    )
}

/// The plan of running the build script whose executable is `program`, below
/// the store path `script`.
///
/// # Errors
/// Something of it cannot be accounted for.
pub fn run(script: &StoreInput, program: &str, given: &Given) -> Result<UnitAsk, Local> {
    let mut plan = Planner::new(given);
    plan.arguments.push(program.to_owned());
    plan.inputs.insert(script.clone());
    for name in RUN_VARIABLES {
        plan.given(name)?;
    }
    let prefixes = ["CARGO_FEATURE_", "CARGO_CFG_", "DEP_"];
    for name in given.variables.keys().filter_map(|name| name.to_str()) {
        if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            plan.given(name)?;
        }
    }
    plan.set("unitToolchain", given.context.toolchain.path.clone())?;
    plan.finish(RUN, "-run")
}

fn utf8(value: &OsStr) -> Result<String, Local> {
    value
        .to_str()
        .map(str::to_owned)
        .ok_or_else(|| Local::because(format!("{} is not UTF-8", value.display())))
}
