//! What is wrong with a crate-env.nix or a rust-toolchain.toml is told with
//! its place and the way out.

mod common;
mod nixlib_help;

use nixlib_help::Case;

macro_rules! messages {
    ($($name:ident: $text:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(Case::new(&[("crate-env.nix", $text)]).fault());
        })*
    };
}

messages! {
    misspelled_argument: "{ rust, pkg-confg }:\n{ }\n";
    misspelled_attribute: "{ rust }:\n{\n  buildInput = [ ];\n}\n";
    misspelled_crate_attribute: "{ }:\n{\n  crates.a.buildinputs = [ ];\n}\n";
    not_a_function: "\"text\"\n";
    not_a_set: "{ }:\n[ ]\n";
    toolchain_is_a_string: "{ }:\n{\n  toolchain = \"nightly\";\n}\n";
    tools_are_a_string: "{ }:\n{\n  tools = \"clippy\";\n}\n";
    inputs_hold_a_string: "{ openssl }:\n{\n  buildInputs = [ openssl \"zlib\" ];\n}\n";
    inputs_hold_a_list: "{ openssl }:\n{\n  nativeBuildInputs = [ [ openssl ] ];\n}\n";
    crates_are_a_list: "{ }:\n{\n  crates = [ ];\n}\n";
    sandbox_is_a_number: "{ }:\n{\n  crates.a.sandbox = 1;\n}\n";
    env_is_a_list: "{ }:\n{\n  env = [ ];\n}\n";
    env_holds_a_list: "{ }:\n{\n  env.A = [ ];\n}\n";
    env_names_home: "{ }:\n{\n  env.HOME = \"/x\";\n}\n";
    env_names_path: "{ }:\n{\n  env.PATH = \"/x\";\n}\n";
    env_names_what_no_shell_can_set: "{ }:\n{\n  env.a-b = \"x\";\n}\n";
    env_names_a_file_of_the_snapshot: "{ }:\n{\n  env.A = \"${toString ./crate-env.nix}:x\";\n}\n";
    a_shell_names_a_file_of_the_snapshot: "{ mkShell }:\nmkShell {\n  A = toString ./.;\n}\n";
    a_shell_hook_names_a_file_of_the_snapshot: "{ }:\n{\n  shellHook = \"cat ${toString ./crate-env.nix}\";\n}\n";
    env_names_a_file_of_home: "{ }:\n{\n  env.A = ~/x;\n}\n";
    a_shell_has_a_set_for_a_variable: "{ mkShell }:\nmkShell {\n  S = {\n    a = 1;\n  };\n  T = [ 1 ];\n}\n";
    words_of_the_parser: "{ }:\n{\n  env = inherit x;\n}\n";
    words_that_the_parser_expects: "{ }:\n{ inherit";
    a_feature_that_is_not_enabled: "{ }:\n{\n  env.A = [ 1 ] |> toString;\n}\n";
    a_component_without_a_name_of_its_own: "{ rust }:\n{\n  tools = [ rust.miri ];\n}\n";
    a_function_that_lib_lacks: "{ lib }:\n{\n  env.A = lib.fakeThing 1;\n}\n";
    shell_hook_is_a_number: "{ }:\n{\n  shellHook = 5;\n}\n";
}

/// What is copied into the store is there after a garbage collection.
#[test]
fn a_file_of_the_project_that_is_kept() {
    let text =
        "{ rust, pkgs }:\n{ env = { A = ./data; B = \"${./data}\"; C = builtins.readFile ./data; }; }\n";
    for pins in [&[][..], &[("nixpkgs", "package-set")]] {
        let files = [("crate-env.nix", text), ("data", "it")];
        let case = Case::over(pins, &files);
        let (dump, _) = case.environment();
        let variables = &dump["variables"];
        for name in ["A", "B"] {
            let path = variables[name].as_str().expect("a path");
            assert_eq!(std::fs::read_to_string(path).expect("the copy"), "it");
        }
        assert_eq!(variables["C"], "it");
    }
    let shell = "{ mkShell }:\nmkShell {\n  A = toString ./crate-env.nix;\n}\n";
    let case = Case::locked(&[("nixpkgs", "package-set")], &[("crate-env.nix", shell)]);
    assert!(
        case.fault().contains("`A` names a file of the snapshot"),
        "{}",
        case.fault()
    );
}

/// The channels that a machine has are another on each: only the first words
/// and the way out are the same.
#[test]
fn a_channel_that_the_machine_lacks() {
    let case = Case::new(&[
        ("crate-env.nix", "{ rust }: { toolchain = rust.default; }\n"),
        (
            "rust-toolchain.toml",
            "[toolchain]\nprofile = \"minimal\"\nchannel = \"nightly-2001-01-01\"\n",
        ),
    ]);
    let fault = case.fault();
    for part in [
        "the toolchain `nightly-2001-01-01` is not on this machine, which has: ",
        "<project>/rust-toolchain.toml:3:1",
        "run `rustup toolchain install nightly-2001-01-01 --profile minimal`",
    ] {
        assert!(fault.contains(part), "{part} is not in\n{fault}");
    }
}

/// However far above the project, the path is that of the user and not of the store.
#[test]
fn a_file_that_is_not_of_the_project() {
    let case = Case::new(&[(
        "crate-env.nix",
        "{ }:\n{\n  env.A = builtins.readFile ../../shared.txt;\n}\n",
    )]);
    let above = case
        .world
        .path()
        .parent()
        .expect("a directory")
        .join("shared.txt");
    let fault = case.fault();
    assert!(
        fault.contains(&format!("access to absolute path '{}'", above.display()))
            && fault.contains("crate-env.nix:3:11"),
        "{fault}"
    );
}

/// The way that an evaluation took, for those who ask for it.
#[test]
fn the_trace_is_shown_to_whoever_wants_it() {
    let text = "{ rust }:\nlet\n  inner = x: throw \"it ends here\";\n  outer = x: inner x;\nin\n{ env.A = outer 1; }\n";
    let case = Case::new(&[("crate-env.nix", text)]);
    let told = |arguments: &[&str]| {
        let mut command = case.world.cargo_nix();
        command.args(["env", "--print", "--quiet"]).args(arguments);
        let output = common::run(command.current_dir(&case.project));
        assert_eq!(output.status.code(), Some(4), "{}", common::both(&output));
        assert!(output.stdout.is_empty(), "{}", common::both(&output));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let (short, long) = (told(&[]), told(&["--show-trace"]));
    for text in [&short, &long] {
        assert!(
            text.contains("it ends here") && text.contains("crate-env.nix:3:14"),
            "{text}"
        );
    }
    assert!(!short.contains("while calling 'outer'"), "{short}");
    // Frames have their places in the project, too.
    let project = case.project.canonicalize().expect("the project");
    for part in [
        "while calling 'outer'",
        "while calling 'inner'",
        &format!("{}/crate-env.nix:4:", project.display()),
    ] {
        assert!(long.contains(part), "{part}: {long}");
    }
    assert!(!long.contains("-source/crate-env.nix"), "{long}");
}

/// A component that the chosen toolchain lacks has the place of the list.
#[test]
fn a_tool_that_the_toolchain_lacks() {
    let pins = [("nixpkgs", "package-set"), ("fenix", "fenix")];
    let text =
        "{ rust }:\n{\n  toolchain = rust.fromChannel \"nightly\";\n  tools = [ rust.rust-analyzer ];\n}\n";
    insta::assert_snapshot!(Case::locked(&pins, &[("crate-env.nix", text)]).fault());
}

/// Of a flake's output, what is not nixpkgs cannot make an environment.
#[test]
fn pkgs_of_a_flake_that_are_not_nixpkgs() {
    let flake =
        "{\n  outputs = _: {\n    cargoNix.x86_64-linux.pkgs = { lib = { }; stdenv = { }; };\n  };\n}\n";
    let case = Case::new(&[("crate-env.nix", "{ rust }: { }\n"), ("flake.nix", flake)]);
    insta::assert_snapshot!(case.fault());
}

#[test]
fn a_target_that_the_machine_lacks() {
    let case = Case::new(&[
        ("crate-env.nix", "{ rust }: { }\n"),
        (
            "rust-toolchain.toml",
            "[toolchain]\ntargets = [\"msp430-none-elf\"]\n",
        ),
    ]);
    let fault = case.fault();
    assert!(fault.contains("<project>/rust-toolchain.toml:2:1"), "{fault}");
    assert!(fault.contains("run `rustup target add --toolchain "), "{fault}");
}

#[test]
fn a_toolchain_file_with_a_misspelled_key() {
    let case = Case::new(&[
        ("crate-env.nix", "{ rust }: { }\n"),
        ("rust-toolchain.toml", "[toolchain]\nchanel = \"stable\"\n"),
    ]);
    insta::assert_snapshot!(case.fault());
}

#[test]
fn a_toolchain_that_nixpkgs_lacks() {
    let case = Case::locked(
        &[("nixpkgs", "package-set")],
        &[
            ("crate-env.nix", "{ rust }: { }\n"),
            ("rust-toolchain", "nightly-2020-10-11\n"),
        ],
    );
    insta::assert_snapshot!(case.fault());
}

/// nixpkgs' own message names no line of the project, and ways out that a pure
/// evaluation does not have.
#[test]
fn a_package_that_nixpkgs_refuses() {
    let text = "{ rust, pkg-config, unfree }:\n{\n  toolchain = rust.default;\n  \
                nativeBuildInputs = [ pkg-config ];\n  buildInputs = [ unfree ];\n}\n";
    let case = Case::locked(&[("nixpkgs", "package-set")], &[("crate-env.nix", text)]);
    insta::assert_snapshot!(case.fault());
}
