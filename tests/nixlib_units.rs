//! What reaches the units of cargo, and environments, of variables and packages.

mod common;
mod nixlib_help;

use nixlib_help::Case;
use std::collections::BTreeSet;
use std::process::Command;

/// Names that mean something to mkDerivation or to the setup are the project's
/// own all the same, in environments and for units; and a value may be longer
/// than what a process's environment holds.
#[test]
fn variables_of_any_name_and_length() {
    const NAMES: [&str; 13] = [
        "version",
        "src",
        "prefix",
        "shell",
        "pname",
        "patches",
        "phases",
        "makeFlags",
        "name",
        "system",
        "out",
        "buildInputs",
        "HOST_PATH",
    ];
    let names = NAMES.map(|name| format!("{name} = \"of '{name}'\";")).join(" ");
    let text = format!(
        "{{ rust, openssl, lib }}:\n{{\n  env = {{ {names} LONG = toString (lib.genList (n: 1000000 + n) 25000); }};\n  \
         buildInputs = [ openssl ];\n}}\n"
    );
    for pins in [&[][..], &[("nixpkgs", "package-set")]] {
        let files = [("crate-env.nix", &*text)];
        let case = Case::over(pins, &files);
        let (dump, _) = case.environment();
        let variables = &dump["variables"];
        for name in NAMES {
            assert_eq!(variables[name], format!("of '{name}'"), "{pins:?}");
        }
        assert_eq!(variables["LONG"].as_str().map(str::len), Some(199_999));
        assert!(
            variables.to_string().contains("openssl"),
            "the inputs are there, too"
        );

        let derivation = units(&case)["environment"]["derivation"].clone();
        let built = common::success(
            Command::new(common::nix_program().with_file_name("nix-store"))
                .envs(case.world.store_variables())
                .args([
                    "--option",
                    "build-users-group",
                    "",
                    "--option",
                    "substituters",
                    "",
                    "--realise",
                ])
                .args([
                    "--option",
                    "extra-allowed-impure-host-deps",
                    "/usr /lib /lib64 /etc/alternatives",
                ])
                .arg(derivation.as_str().expect("a derivation")),
        );
        let script = format!(
            ". {}; printf '%s' \"$makeFlags, $version, ${{#LONG}}\"",
            built.trim()
        );
        let said = common::success(Command::new("sh").args(["-c", &script]));
        assert_eq!(said, "of 'makeFlags', of 'version', 199999", "{pins:?}");
    }
}

/// What units are built with, as the one slot of a project holds it.
fn units(case: &Case) -> serde_json::Value {
    let slots = std::fs::read_dir(case.world.cache().join("slots")).expect("slots");
    let units = slots
        .map(|slot| slot.expect("a slot").path().join("units"))
        .find_map(|file| cargo_nix::sealed::read(&file, cargo_nix::cache::units::KIND))
        .expect("what units are built with");
    serde_json::from_slice(&units).expect("JSON")
}

/// Adding a tool builds no unit again: it is no input of any.
#[test]
fn tools_are_not_in_the_closure_of_builds() {
    let text = "{ rust, runCommand, pkg-config }:\n{\n  tools = [ (runCommand \"some-tool\" { } \"mkdir -p $out/bin\") ];\n  \
                crates.a.nativeBuildInputs = [ pkg-config ];\n}\n";
    for pins in [&[][..], &[("nixpkgs", "package-set")]] {
        let case = Case::over(pins, &[("crate-env.nix", text)]);
        let (_, path) = case.environment();
        let closure = |path: &str| {
            common::success(
                Command::new(common::nix_program().with_file_name("nix-store"))
                    .envs(case.world.store_variables())
                    .args(["--query", "--requisites", path]),
            )
        };
        let units = units(&case);
        let of = |part: &serde_json::Value| closure(part["derivation"].as_str().expect("a derivation"));
        let at = units["crates"]["a"]["environment"].as_u64().expect("an index");
        let own = of(&units["environments"][usize::try_from(at).expect("small")]);
        let builds = own + &of(&units["environment"]) + &of(&units["toolchain"]);
        assert!(
            closure(path.to_str().expect("UTF-8")).contains("-some-tool"),
            "{pins:?}"
        );
        assert!(
            builds.contains("-pkg-config") && !builds.contains("-some-tool"),
            "{pins:?}: {builds}"
        );
    }
}

/// Of the packages that crates of all the world want, those are looked at that
/// a crate of Cargo.lock wants; one that nixpkgs refuses harms nobody else.
#[test]
fn packages_for_crates_of_the_lock() {
    let lock = "version = 4\n\n[[package]]\nname = \"libz-sys\"\nversion = \"1.0.0\"\n\n\
                [[package]]\nname = \"openssl-sys\"\nversion = \"0.9.0\"\n";
    let case = Case::locked(
        &[("nixpkgs", "package-set")],
        &[("crate-env.nix", "{ rust }: { }\n"), ("Cargo.lock", lock)],
    );
    let (_, path) = case.environment();
    assert!(path.exists());
    let units = units(&case);
    let crates: Vec<&String> = units["crates"].as_object().expect("crates").keys().collect();
    assert_eq!(crates, ["libz-sys", "openssl-sys"]);
}

/// A library that is built from source by another crate's script is built in the
/// script of the crate that asks for it, with what the other one needs.
#[test]
fn a_script_that_builds_from_source_has_what_that_takes() {
    let case = Case::new(&[("crate-env.nix", "{ rust }: { toolchain = rust.default; }\n")]);
    case.environment();
    let units = units(&case);
    let environment = units["crates"]["openssl-sys"]["environment"]
        .as_u64()
        .expect("its environment");
    let derivation = units["environments"][environment as usize]["derivation"]
        .as_str()
        .expect("a derivation");
    let text = std::fs::read_to_string(derivation).expect("the derivation");
    for needed in ["openssl", "perl", "gnumake", "pkg-config"] {
        assert!(text.contains(needed), "{needed} is not in {text}");
    }
}

/// Cargo is told of it: over pinned packages always, over the host set when there is
/// more than a shell has anyway; so a change of it reaches checkouts that are built.
#[test]
fn what_all_units_are_given_has_a_variable() {
    let given = |case: &Case, rest: &str| {
        let text = format!("{{ rust }}: {{ toolchain = rust.default; {rest} }}\n");
        case.world.write("project/crate-env.nix", &text);
        let printed = common::success(
            case.world
                .cargo_nix()
                .args(["env", "--print", "--quiet"])
                .current_dir(&case.project),
        );
        let line = printed
            .lines()
            .find_map(|line| line.strip_prefix("export CARGO_NIX_CRATES="));
        line.map(str::to_owned)
    };
    let pinned = Case::locked(&[("nixpkgs", "package-set")], &[]);
    let of_pinned = ["", "env.A = \"1\";", "env.A = \"2\";"].map(|rest| given(&pinned, rest));
    assert!(of_pinned.iter().all(Option::is_some), "{of_pinned:?}");
    assert_eq!(BTreeSet::from(of_pinned.clone()).len(), 3, "{of_pinned:?}");
    assert_eq!(
        given(&pinned, "tools = [ rust.rustfmt ];"),
        of_pinned[0],
        "a tool is for members"
    );
    let host = Case::new(&[]);
    assert_eq!(given(&host, ""), None);
    let of_host = ["env.A = \"1\";", "env.A = \"2\";"].map(|rest| given(&host, rest));
    assert!(
        of_host.iter().all(Option::is_some) && of_host[0] != of_host[1],
        "{of_host:?}"
    );
}
