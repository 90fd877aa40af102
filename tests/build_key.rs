//! What is in the key of a unit and what is not: each thing is changed alone.

mod key_help;

use cargo_nix::build::key;
use cargo_nix_protocol::StoreInput;
use key_help::*;
use std::collections::BTreeMap;

type Change = (&'static str, fn(&mut Unit));

const COUNTS: [Change; 27] = [
    ("a byte of source", |unit| {
        unit.source.input.path = path('q', "demo-1.2.3")
    }),
    ("a feature", |unit| {
        unit.replace("feature=\"std\"", &["feature=\"alloc\""])
    }),
    ("a cfg", |unit| {
        unit.arguments.extend(["--cfg".into(), "demo".into()])
    }),
    ("a flag", |unit| {
        unit.arguments.push("-Ctarget-feature=+avx2".into())
    }),
    ("a profile value", |unit| {
        unit.replace("opt-level=1", &["opt-level=2"])
    }),
    ("the edition", |unit| {
        unit.replace("--edition=2021", &["--edition=2018"])
    }),
    ("the crate type", |unit| unit.replace("lib", &["proc-macro"])),
    ("what is emitted", |unit| {
        unit.replace("--emit=dep-info,metadata,link", &["--emit=dep-info,metadata"])
    }),
    ("-C metadata", |unit| {
        unit.replace("metadata=aa", &["metadata=ab"])
    }),
    ("-C extra-filename", |unit| {
        unit.replace("extra-filename=-aa", &["extra-filename=-ab"])
    }),
    ("rustc", |unit| unit.toolchain = input('w', "rust")),
    ("the linker", |unit| unit.arguments.push("-Clinker=clang".into())),
    ("the C compiler or a native library", |unit| {
        unit.environment = input('w', "env")
    }),
    ("the target", |unit| {
        unit.arguments.push("--target=aarch64-unknown-linux-gnu".into())
    }),
    ("the host", |unit| unit.system = "aarch64-linux".into()),
    ("what the sandbox shows", |unit| unit.tree = Some('i')),
    ("that it shows nothing of the machine", |unit| unit.tree = None),
    ("a directory of the tree", |unit| {
        unit.arguments.push("-Lnative=/usr/lib/owned".into())
    }),
    ("a dependency", |unit| unit.dependencies[0] = input('e', "dep")),
    ("a dependency's name", |unit| {
        unit.replace(
            "dep=/w/target/debug/deps/libdep-bb.rmeta",
            &["other=/w/target/debug/deps/libdep-bb.rmeta"],
        )
    }),
    ("a dependency's privacy", |unit| {
        unit.replace(
            "dep=/w/target/debug/deps/libdep-bb.rmeta",
            &["priv:dep=/w/target/debug/deps/libdep-bb.rmeta"],
        )
    }),
    ("a native directory", |unit| {
        let old = format!("native={}/out", path('z', "run"));
        unit.replace(&old, &[&format!("native={}/out", path('y', "run"))]);
    }),
    ("a native library's name", |unit| {
        unit.replace("static=z", &["static=y"])
    }),
    ("the build script's output", |unit| {
        unit.ran.as_mut().unwrap().input = Some(input('x', "run"))
    }),
    ("a variable that the build script sets", |unit| {
        unit.set("DEMO_SET", "to something else")
    }),
    ("the package's version", |unit| {
        unit.set("CARGO_PKG_VERSION", "1.2.4")
    }),
    ("a variable that was seen to be read", |unit| {
        unit.tracked = ["DEMO_READ".to_owned()].into();
        unit.set("DEMO_READ", "x");
    }),
];

const DOES_NOT_COUNT: [Change; 17] = [
    ("a variable that crate-env.nix sets for the package", |unit| {
        unit.own = vec!["DEMO_READ".to_owned()];
        unit.tracked = ["DEMO_READ".to_owned()].into();
        unit.set("DEMO_READ", "x");
    }),
    ("the target directory", |unit| {
        unit.replace("/w/target/debug/deps", &["/elsewhere/deps"]);
        unit.replace("dependency=/w/target/debug/deps", &["dependency=/elsewhere/deps"]);
        unit.replace(
            "dep=/w/target/debug/deps/libdep-bb.rmeta",
            &["dep=/elsewhere/deps/libdep-bb.rmeta"],
        );
        unit.ran.as_mut().unwrap().out_dir = "/elsewhere/build/demo-cc/out".into();
        unit.set("OUT_DIR", "/elsewhere/build/demo-cc/out");
    }),
    ("user, HOME and CARGO_HOME", |unit| {
        let root = ROOT.replace("/home/u/", "/home/v/");
        unit.replace(&format!("{ROOT}/src/lib.rs"), &[&format!("{root}/src/lib.rs")]);
        unit.source.root = root.clone().into();
        unit.set("HOME", "/home/v");
        unit.set("CARGO_HOME", "/home/v/.cargo");
        unit.set("CARGO_MANIFEST_DIR", &root);
        unit.set("USER", "v");
    }),
    ("the width of the terminal", |unit| {
        unit.replace("--diagnostic-width=120", &["--diagnostic-width=80"])
    }),
    ("colours", |unit| {
        unit.replace(
            "--json=diagnostic-rendered-ansi,artifacts,future-incompat",
            &["--json=artifacts,future-incompat"],
        );
    }),
    ("--color", |unit| unit.arguments.push("--color=always".into())),
    ("cargo's verbosity", |unit| unit.replace("allow", &["warn"])),
    ("the job count", |unit| unit.set("CARGO_MAKEFLAGS", "-j4")),
    ("NUM_JOBS", |unit| unit.set("NUM_JOBS", "64")),
    ("unrelated variables", |unit| unit.set("EDITOR", "vi")),
    ("PATH, and so what is in `tools`", |unit| {
        unit.set("PATH", "/other/bin")
    }),
    ("the terminal", |unit| unit.set("TERM", "xterm")),
    ("cargo's own configuration by variables", |unit| {
        unit.set("CARGO_TERM_PROGRESS_WHEN", "never")
    }),
    ("a variable that was read, and is not set", |unit| {
        unit.tracked = ["DEMO_UNSET".to_owned()].into()
    }),
    ("how arguments are spelled", |unit| {
        unit.replace("--edition=2021", &["--edition", "2021"]);
    }),
    ("whether a derivation is known", |unit| {
        unit.dependencies[0].derivation = None
    }),
    ("the time", |unit| unit.set("EPOCHREALTIME", "1")),
];

#[test]
fn what_can_change_a_unit_changes_its_key() {
    let base = Unit::new().key();
    assert_eq!(base, Unit::new().key());
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (what, change) in COUNTS {
        let mut unit = Unit::new();
        change(&mut unit);
        let key = unit.key();
        assert_ne!(key, base, "{what} is not in the key");
        if let Some(other) = seen.insert(key, what) {
            panic!("{what} and {other} give one key");
        }
    }
}

#[test]
fn what_must_not_matter_does_not() {
    let base = Unit::new().plan().unwrap();
    for (what, change) in DOES_NOT_COUNT {
        let mut unit = Unit::new();
        change(&mut unit);
        let plan = unit.plan().unwrap();
        if what.starts_with("whether") {
            assert_eq!(key::of(&plan), key::of(&base), "{what}");
        } else {
            assert_eq!(plan, base, "{what}");
        }
    }
}

#[test]
fn a_run_depends_on_what_cargo_tells_the_script() {
    let base = Unit::new().run_key();
    for (name, value) in [
        ("CARGO_FEATURE_STD", "1"),
        ("CARGO_CFG_TARGET_OS", "linux"),
        ("DEP_Z_INCLUDE", "/usr/lib/owned"),
        ("TARGET", "x"),
        ("HOST", "x"),
        ("OPT_LEVEL", "3"),
        ("PROFILE", "release"),
        ("DEBUG", "true"),
        ("CARGO_ENCODED_RUSTFLAGS", "-Cx"),
        ("CARGO_PKG_AUTHORS", "x"),
        ("RUSTC_LINKER", "ld"),
    ] {
        let mut unit = Unit::new();
        unit.set(name, value);
        assert_ne!(unit.run_key(), base, "{name} is not in the key");
    }
    for (name, value) in [
        ("NUM_JOBS", "9"),
        ("OUT_DIR", "/elsewhere"),
        ("RUSTC_WRAPPER", "sccache"),
        ("PATH", "/x"),
        ("USER", "v"),
    ] {
        let mut unit = Unit::new();
        unit.set(name, value);
        assert_eq!(unit.run_key(), base, "{name} is in the key");
    }
}

/// Where cargo has the dynamic linker look: what another package's script left
/// there counts, the directories themselves do not.
#[test]
fn a_run_depends_on_shared_libraries_of_other_scripts() {
    let key = |target: &str, run: char| {
        let mut unit = Unit::new();
        let out_dir = format!("{target}/build/z-sys-dd/out");
        unit.set(
            "LD_LIBRARY_PATH",
            &format!("{out_dir}/lib:{target}/deps:/usr/local/lib"),
        );
        unit.others = vec![(out_dir.into(), format!("{}/out", path(run, "run")))];
        [unit.key(), unit.run_key()]
    };
    let base = key("/w/target/debug", 'y');
    assert_eq!(key("/elsewhere", 'y'), base);
    let other = key("/w/target/debug", 'x');
    assert!(
        other[0] != base[0] && other[1] != base[1],
        "the library is in no key"
    );
    let mut unit = Unit::new();
    unit.set("LD_LIBRARY_PATH", "/usr/local/lib");
    assert_eq!(
        [unit.key(), unit.run_key()],
        [Unit::new().key(), Unit::new().run_key()]
    );
}

/// Whatever cannot be accounted for makes the unit local.
#[test]
fn what_cannot_be_accounted_for_is_local() {
    let changes: [Change; 7] = [
        (
            "a variable that the compiler has a value of its own for",
            |unit| unit.tracked = ["MALLOC_CONF".to_owned()].into(),
        ),
        ("incremental", |unit| {
            unit.arguments.push("-Cincremental=/w/target/inc".into())
        }),
        ("a profile to optimise for", |unit| {
            unit.arguments.push("-Cprofile-use=/w/p.profdata".into())
        }),
        ("a target of the user's own", |unit| {
            unit.arguments.push("--target=/w/t.json".into())
        }),
        ("more output", |unit| {
            unit.replace(
                "--emit=dep-info,metadata,link",
                &["--emit=dep-info,metadata,link,asm"],
            )
        }),
        ("a variable with a local path", |unit| {
            unit.set("DEMO_SET", "/home/u/data")
        }),
        ("a variable that Nix would take for its own", |unit| {
            unit.ran.as_mut().unwrap().rustc_env = vec!["builder".into()];
            unit.set("builder", "x");
        }),
    ];
    for (what, change) in changes {
        let mut unit = Unit::new();
        change(&mut unit);
        assert!(unit.plan().is_err(), "{what} is served");
    }
}

/// Nor can a path that the host tree lacks, wherever it stands; or this very CPU.
#[test]
fn an_argument_that_names_a_path_of_the_machine_is_local() {
    for argument in [
        "-Ctarget-cpu=native",
        "-Clinker=/home/u/bin/ld",
        "-Lnative=/w/lib",
        "-Clink-arg=-T/w/memory.x",
        "-Lnative=/usr/local/lib",
        "-Lnative=/opt/a b",
        "-Clinker=/usr/bin/clang",
        "-Clink-arg=/opt/x.o",
        "-Clink-arg=@/opt/arguments",
        "-Clinker-plugin-lto=/usr/lib/plugin.so",
        "-Zllvm-plugins=/opt/p.so",
        "-Zremark-dir=remarks",
        "--extern=odd=/opt/libodd.rlib",
    ] {
        let mut unit = Unit::new();
        unit.arguments.push(argument.into());
        assert!(unit.plan().is_err(), "{argument} is served");
    }
}

#[test]
fn the_plan_is_in_terms_of_the_store() {
    let plan = Unit::new().plan().unwrap();
    let text = format!("{:?} {:?}", plan.arguments, plan.variables);
    assert!(!text.contains("/home") && !text.contains("/w/"), "{text}");
    assert_eq!(plan.variables["CARGO_MANIFEST_DIR"], path('s', "demo-1.2.3"));
    assert_eq!(plan.variables["OUT_DIR"], format!("{}/out", path('r', "run")));
    for input in [
        input('d', "dep"),
        input('t', "rust"),
        input('v', "env"),
        input('r', "run"),
    ] {
        assert!(plan.inputs.contains(&input), "{input:?}");
    }
    let native = StoreInput {
        path: path('z', "run"),
        derivation: None,
    };
    assert!(plan.inputs.contains(&native), "the directory of -L native");
}
