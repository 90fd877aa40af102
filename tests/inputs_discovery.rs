//! Which files are in the input set, and which are not.

mod common;
mod inputs_help;

use inputs_help::Fixture;

#[test]
fn literals_are_followed_imports_transitively() {
    let fixture = Fixture::new(&[
        (
            "crate-env.nix",
            "{ a }: import ./nix/a.nix // { x = builtins.readFile ./data.txt; s = \"./not.txt\"; }",
        ),
        ("nix/a.nix", "import ../b.nix { t = ./tool; }"),
        ("nix/not.nix", "1"),
        ("b.nix", "import ./crate-env.nix"),
        ("data.txt", "data"),
        ("not.txt", "not"),
        ("nix/tool/run", "x"),
        ("nix/tool/empty/", ""),
        ("nix/tool/deep/data", "x"),
    ]);
    assert_eq!(
        fixture.set(),
        [
            "b.nix",
            "crate-env.nix",
            "data.txt",
            "nix/a.nix",
            "nix/tool/deep/data",
            "nix/tool/empty/",
            "nix/tool/run"
        ]
    );
}

#[test]
fn import_of_a_directory_is_its_default_nix_and_any_other_use_all_of_it() {
    let files = [
        ("d/default.nix", "{ a = ./a.nix; }"),
        ("d/a.nix", "1"),
        ("d/other", "1"),
        ("lib/x.nix", "../up"),
        ("up", "1"),
    ];
    let import = Fixture::new(&files);
    import.write(&[("crate-env.nix", "import ./d")]);
    assert_eq!(import.set(), ["crate-env.nix", "d/a.nix", "d/default.nix"]);

    let call = Fixture::new(&files);
    call.write(&[("crate-env.nix", "{ callPackage }: [ (callPackage ./d { }) ]")]);
    assert_eq!(
        call.set(),
        ["crate-env.nix", "d/a.nix", "d/default.nix", "d/other"]
    );

    let interpolated = Fixture::new(&files);
    interpolated.write(&[("crate-env.nix", "x: import ./lib/${x}.nix")]);
    assert_eq!(
        interpolated.set(),
        ["crate-env.nix", "lib/x.nix", "up"],
        "what may be imported is read"
    );
}

#[test]
fn of_a_directory_with_a_cargo_toml_only_the_nix_side_counts() {
    let files = [
        ("Cargo.toml", "[package]"),
        ("Cargo.lock", ""),
        ("src/main.rs", ""),
        ("src/data/words.txt", ""),
        ("nix/x.nix", "./words.txt"),
        ("nix/words.txt", ""),
        ("rust-toolchain.toml", ""),
        ("target/debug/x.nix", ""),
        (".git/x.nix", ""),
        (".direnv/x.nix", ""),
        ("crates/a/Cargo.toml", ""),
        ("crates/a/crate.nix", "1"),
        ("crates/a/src/lib.rs", ""),
    ];
    let whole = Fixture::new(&files);
    whole.write(&[("crate-env.nix", "{ src = ./.; }")]);
    let nix_side = [
        "crate-env.nix",
        "crates/a/crate.nix",
        "nix/words.txt",
        "nix/x.nix",
        "rust-toolchain.toml",
    ];
    assert_eq!(whole.set(), nix_side);

    let named = Fixture::new(&files);
    named.write(&[(
        "crate-env.nix",
        "{ src = ./.; data = ./src/data; lock = ./Cargo.lock; }",
    )]);
    assert_eq!(
        named.set(),
        [
            "Cargo.lock",
            "crate-env.nix",
            "crates/a/crate.nix",
            "nix/words.txt",
            "nix/x.nix",
            "rust-toolchain.toml",
            "src/data/words.txt"
        ]
    );

    let inner = Fixture::new(&files);
    inner.write(&[("crate-env.nix", "./crates")]);
    assert_eq!(
        inner.set(),
        ["crate-env.nix", "crates/a/crate.nix", "rust-toolchain.toml"]
    );
}

/// Which of the Nix side is imported under a computed name, nobody knows before.
#[test]
fn what_may_be_imported_is_read_whatever_it_is_called() {
    let files = [
        ("Cargo.toml", "[package]"),
        ("a.nix", "builtins.pathExists ./d.json"),
        ("d.json", "{}"),
        ("plain", "builtins.pathExists ./d.json"),
        (
            "text",
            "Of all that is said here, ./d.json is no path; it is prose.",
        ),
    ];
    for (text, expected) in [
        ("n: import ./${n}.nix", ["a.nix", "crate-env.nix", "d.json"]),
        (
            "n: import (./. + \"/${n}.nix\")",
            ["a.nix", "crate-env.nix", "d.json"],
        ),
        (
            "let f = ./plain; in import f",
            ["crate-env.nix", "d.json", "plain"],
        ),
        (
            "builtins.scopedImport { } ./plain",
            ["crate-env.nix", "d.json", "plain"],
        ),
    ] {
        let fixture = Fixture::new(&files);
        fixture.write(&[("crate-env.nix", text)]);
        assert_eq!(fixture.set(), expected, "{text}");
    }
    let prose = Fixture::new(&files);
    prose.write(&[("crate-env.nix", "./text")]);
    assert_eq!(prose.set(), ["crate-env.nix", "text"]);
}

#[test]
fn caches_are_not_swept_up_unless_named() {
    let files = [
        ("d/kept", ""),
        (
            "d/cache/CACHEDIR.TAG",
            "Signature: 8a477f597d28d172789f06886806bc55",
        ),
        ("d/cache/x", ""),
    ];
    let fixture = Fixture::new(&files);
    fixture.write(&[("crate-env.nix", "./d")]);
    assert_eq!(fixture.set(), ["crate-env.nix", "d/cache/", "d/kept"]);
    fixture.write(&[("crate-env.nix", "[ ./d ./d/cache ]")]);
    assert_eq!(
        fixture.set(),
        ["crate-env.nix", "d/cache/CACHEDIR.TAG", "d/cache/x", "d/kept"]
    );
}

#[test]
fn pins_and_the_toolchain_file_belong_to_it() {
    let lock = r#"{ "root": "root", "nodes": { "root": { "inputs": { "s": "s" } },
        "s": { "locked": { "type": "path", "path": "./sub" }, "parent": [] } } }"#;
    let fixture = Fixture::new(&[
        (".git/", ""),
        ("flake.nix", "{ outputs = _: { x = ./x.nix; }; }"),
        ("flake.lock", lock),
        ("x.nix", "1"),
        ("sub/flake.nix", "{ outputs = _: 1; }"),
        ("sub/data", "1"),
        ("npins/default.nix", "builtins.getEnv \"NPINS_OVERRIDE\""),
        ("npins/sources.json", "{}"),
        ("rust-toolchain", "stable"),
        ("member/crate-env.nix", "{ }"),
    ]);
    let member = fixture.directory.join("member");
    let mut inputs = inputs_help::current(&member, &fixture.world.cache()).unwrap();
    let into = fixture.world.path().join("snapshot");
    inputs.snapshot(&into).unwrap();
    let found: Vec<String> = inputs_help::listing(&into).into_keys().collect();
    let expected = [
        "flake.lock",
        "flake.nix",
        "member/crate-env.nix",
        "npins/default.nix",
        "npins/sources.json",
        "rust-toolchain",
        "sub/data",
        "sub/flake.nix",
        "x.nix",
    ];
    assert_eq!(found, expected);
    assert_eq!(inputs.layout().layers, ["member"]);
    assert_eq!(inputs.layout().pins.as_deref(), Some(""));
    inputs.check_pure().expect("npins may ask for overrides");
}

#[test]
fn the_metadata_tables_enter_as_a_file_of_their_own() {
    let fixture = Fixture::new(&[
        ("crate-env.nix", "{ }"),
        (
            "Cargo.toml",
            "[package.metadata.cargo-nix]\na = [1, 2.5, \"x\", 1979-05-27]\n[workspace.metadata.other]\nb = 1\n",
        ),
    ]);
    assert_eq!(fixture.set(), [".cargo-nix/metadata.json", "crate-env.nix"]);
    let json =
        std::fs::read_to_string(fixture.world.path().join("snapshot/.cargo-nix/metadata.json")).unwrap();
    assert_eq!(json, r#"{"":{"package":{"a":[1,2.5,"x","1979-05-27"]}}}"#);
    // A literal reads it; a file of the project's own there is told of.
    fixture.write(&[("crate-env.nix", "builtins.readFile ./.cargo-nix/metadata.json")]);
    assert_eq!(fixture.set(), [".cargo-nix/metadata.json", "crate-env.nix"]);
    fixture.write(&[(".cargo-nix/metadata.json", "{}")]);
    let fault = fixture.fault();
    assert!(
        fault.starts_with("[P]/.cargo-nix/metadata.json is in the place of "),
        "{fault}"
    );
}

#[test]
fn links_are_kept_and_followed_within_the_root() {
    let fixture = Fixture::new(&[
        ("crate-env.nix", "[ ./l.nix ./dir/x/data ]"),
        ("l.nix -> real/r.nix", ""),
        ("real/r.nix", "./beside"),
        ("real/beside", ""),
        ("beside", ""),
        ("dir -> other", ""),
        ("other/x -> ../y", ""),
        ("y/data", ""),
        ("y/not", ""),
    ]);
    let expected = [
        "crate-env.nix",
        "dir -> other",
        "l.nix -> real/r.nix",
        "other/x -> ../y",
        "real/beside",
        "real/r.nix",
        "y/data",
    ];
    assert_eq!(fixture.set(), expected);
}

#[test]
fn it_ends_whatever_the_links_and_imports_do() {
    let fixture = Fixture::new(&[
        (
            "crate-env.nix",
            "[ ./loop ./d ./self/x.nix (import ./crate-env.nix) ]",
        ),
        ("loop -> loop", ""),
        ("d/up -> ..", ""),
        ("self -> .", ""),
        ("x.nix", "[ ./self/x.nix (import ./y.nix) ]"),
        ("y.nix", "import ./x.nix"),
    ]);
    let expected = [
        "crate-env.nix",
        "d/up -> ..",
        "loop -> loop",
        "self -> .",
        "x.nix",
        "y.nix",
    ];
    assert_eq!(fixture.set(), expected);
}

#[test]
fn beyond_the_root_nothing_is_looked_at() {
    let fixture = Fixture::new(&[(
        "crate-env.nix",
        "[ ../secret.nix ../../../etc/passwd /etc/passwd ./a/../../secret.nix ]",
    )]);
    fixture.world.write("secret.nix", "1");
    assert_eq!(fixture.set(), ["crate-env.nix"]);
    let watches = fixture.inputs().watches();
    assert!(
        watches
            .iter()
            .all(|watch| watch.path.starts_with(fixture.directory.canonicalize().unwrap()))
    );
}

#[test]
fn a_broken_or_huge_file_does_no_harm() {
    let fixture = Fixture::new(&[("crate-env.nix", "{ a = ./a.nix; = ; ${"), ("a.nix", "")]);
    assert_eq!(fixture.set(), ["a.nix", "crate-env.nix"]);
    let huge = format!("[ {} ./last.txt ]", "{ a.b.c = \"text\"; } ".repeat(500_000));
    assert!(huge.len() > 10_000_000);
    fixture.write(&[("a.nix", &huge), ("last.txt", "")]);
    assert_eq!(fixture.set(), ["a.nix", "crate-env.nix", "last.txt"]);
}
