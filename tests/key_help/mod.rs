//! A unit with everything that a unit can have, for the tests of keys.

use cargo_nix::build::context::Context;
use cargo_nix::build::invocation::{Call, Invocation, parse};
use cargo_nix::build::plan::{Given, Ran, Source, Variables, compile, run};
use cargo_nix::build::{Local, key};
use cargo_nix_protocol::{StoreInput, UnitAsk};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A store path: `letter` stands for its hash.
pub fn path(letter: char, name: &str) -> String {
    format!("/nix/store/{}-{name}", letter.to_string().repeat(32))
}

pub fn input(letter: char, name: &str) -> StoreInput {
    StoreInput {
        path: path(letter, name),
        derivation: Some(format!("{}.drv", path(letter, name))),
    }
}

/// A unit with everything that a unit can have.
pub struct Unit {
    pub arguments: Vec<String>,
    pub dependencies: Vec<StoreInput>,
    pub toolchain: StoreInput,
    pub environment: StoreInput,
    pub source: Source,
    pub ran: Option<Ran>,
    pub variables: BTreeMap<String, String>,
    pub tracked: BTreeSet<String>,
    pub others: Vec<(PathBuf, String)>,
    pub own: Vec<String>,
    pub system: String,
    pub tree: Option<char>,
}

pub const ROOT: &str = "/home/u/.cargo/registry/src/index-1/demo-1.2.3";

impl Unit {
    pub fn new() -> Unit {
        let words = format!(
            "--crate-name demo --edition=2021 {ROOT}/src/lib.rs --error-format=json \
             --json=diagnostic-rendered-ansi,artifacts,future-incompat --diagnostic-width=120 --crate-type lib \
             --emit=dep-info,metadata,link -C embed-bitcode=no -C opt-level=1 --cfg feature=\"std\" -C metadata=aa \
             -C extra-filename=-aa --out-dir /w/target/debug/deps -L dependency=/w/target/debug/deps \
             --extern dep=/w/target/debug/deps/libdep-bb.rmeta --cap-lints allow -L native={}/out -l static=z",
            path('z', "run")
        );
        let variables = [
            ("CARGO_CRATE_NAME", "demo"),
            ("CARGO_MANIFEST_DIR", ROOT),
            ("CARGO_PKG_NAME", "demo"),
            ("CARGO_PKG_VERSION", "1.2.3"),
            ("OUT_DIR", "/w/target/debug/build/demo-cc/out"),
            ("DEMO_SET", "by the script"),
            ("HOME", "/home/u"),
            ("CARGO_HOME", "/home/u/.cargo"),
            ("PATH", "/home/u/bin"),
            ("TERM", "dumb"),
            ("CARGO_MAKEFLAGS", "-j --jobserver-fds=8,9"),
        ];
        Unit {
            arguments: words.split_whitespace().map(str::to_owned).collect(),
            dependencies: vec![input('d', "dep")],
            toolchain: input('t', "rust"),
            environment: input('v', "env"),
            source: Source {
                root: ROOT.into(),
                input: StoreInput {
                    path: path('s', "demo-1.2.3"),
                    derivation: None,
                },
            },
            ran: Some(Ran {
                out_dir: "/w/target/debug/build/demo-cc/out".into(),
                input: Some(input('r', "run")),
                rustc_env: vec!["DEMO_SET".into()],
            }),
            variables: variables.map(|(name, value)| (name.into(), value.into())).into(),
            tracked: BTreeSet::new(),
            others: Vec::new(),
            own: Vec::new(),
            system: "x86_64-linux".into(),
            tree: Some('h'),
        }
    }

    pub fn with<R>(&self, f: impl FnOnce(&Given) -> R) -> R {
        let context: Context = serde_json::from_value(json!({
            "system": self.system, "storeDir": "/nix/store", "toolchain": self.toolchain,
            "environment": self.environment, "sandboxPaths": ["/usr"], "tree": self.tree.map(|letter| {
                json!({ "id": "1", "mounts": ["/usr", "/lib"], "path": path(letter, "host-tree") })
            }),
        }))
        .unwrap();
        let variables: Variables = self
            .variables
            .iter()
            .map(|(k, v)| (OsString::from(k), OsString::from(v)))
            .collect();
        f(&Given {
            context: &context,
            environment: &self.environment,
            source: &self.source,
            ran: self.ran.as_ref(),
            variables: &variables,
            tracked: &self.tracked,
            others: &self.others,
            own: &self.own,
            derivation_of: &|_| None,
            exists: &exists,
        })
    }

    pub fn invocation(&self) -> Invocation {
        let words: Vec<OsString> = self.arguments.iter().map(OsString::from).collect();
        match parse(&words).unwrap() {
            Call::Compile(unit) => *unit,
            Call::Probe => panic!("a probe"),
        }
    }

    pub fn plan(&self) -> Result<UnitAsk, Local> {
        self.with(|given| compile(&self.invocation(), &self.dependencies, given))
    }

    pub fn key(&self) -> String {
        key::of(&self.plan().unwrap())
    }

    pub fn run_key(&self) -> String {
        let script = input('p', "script");
        key::of(
            &self
                .with(|given| {
                    run(
                        &script,
                        &format!("{}/lib/build_script_build-1", script.path),
                        given,
                    )
                })
                .unwrap(),
        )
    }

    /// Replaces one argument by others.
    pub fn replace(&mut self, old: &str, new: &[&str]) {
        let at = self
            .arguments
            .iter()
            .position(|word| word == old)
            .unwrap_or_else(|| panic!("no {old}"));
        self.arguments
            .splice(at..=at, new.iter().map(|word| (*word).to_owned()));
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.into(), value.into());
    }
}

/// What this machine has; in the tree there is `/usr/lib/owned` alone.
pub fn exists(path: &Path) -> bool {
    let owned = self::path('h', "host-tree") + "/usr/lib/owned";
    ["/home", "/w", "/usr", "/opt", &owned]
        .iter()
        .any(|place| path.starts_with(place))
}
