//! What becomes of the attributes of crate-env.nix.

mod common;
mod nixlib_help;

use nixlib_help::Case;
use std::process::Command;

const SHELL: &str = r#"{ mkShell, pkg-config, openssl }:
mkShell {
  packages = [ pkg-config ];
  buildInputs = [ openssl ];
  FOO = "a \"b\" \\ $c\nd";
  shellHook = "echo hi";
}
"#;

/// The closure holds rustc, cargo, std, cc, pkg-config, openssl, what joins
/// them, and nothing else.
#[test]
fn the_closure_of_the_example() {
    let case = Case::new(&[]);
    let case = Case {
        project: case.world.project("examples/openssl", "openssl"),
        ..case
    };
    let (_, path) = case.environment();
    let listed = common::success(
        Command::new(common::nix_program())
            .envs(case.world.store_variables())
            .args(["--extra-experimental-features", "nix-command", "path-info", "-r"])
            .arg(path),
    );
    let mut names: Vec<String> = listed
        .lines()
        .map(|path| path.rsplit_once('/').expect("a path").1[33..].to_owned())
        .map(|name| {
            name.chars()
                .take_while(|char| !char.is_ascii_digit() || *char == '6')
                .collect::<String>()
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "cargo-",
            "cargo-nix-env",
            "cc-",
            "openssl-",
            "pkg-config-",
            "rust-",
            "rust-std-x",
            "rustc-"
        ]
    );
}

#[test]
fn a_shell_of_nixpkgs() {
    let case = Case::locked(&[("nixpkgs", "package-set")], &[("crate-env.nix", SHELL)]);
    insta::assert_json_snapshot!(case.dump());
}

#[test]
fn a_shell_with_structured_attributes() {
    let text = SHELL.replace("FOO =", "__structuredAttrs = true;\n  env.FOO =");
    let case = Case::locked(&[("nixpkgs", "package-set")], &[("crate-env.nix", &text)]);
    insta::assert_json_snapshot!(case.dump());
}

/// A toolchain of ours among a shell's packages is its toolchain; mkDerivation
/// takes the outputs of what it is given.
/// Over the host set a shell is another way to write a set: without a toolchain
/// of its own it has the default one.
#[test]
fn the_toolchain_of_a_shell_of_the_host_set() {
    let case = Case::new(&[("crate-env.nix", SHELL)]);
    let dump = case.dump();
    let toolchain = dump["toolchain"].as_str().expect("a toolchain").to_owned();
    assert!(toolchain.starts_with("<rust-"), "{dump}");
    let path = dump["prepend"]["PATH"].to_string();
    assert!(path.contains(&format!("{toolchain}/bin")), "{path}");
    let text = SHELL
        .replace("{ mkShell", "{ mkShell, rust")
        .replace("[ pkg", "[ rust.minimal pkg");
    let own = Case::new(&[("crate-env.nix", &text)]).dump();
    assert_eq!(own["toolchain"], dump["toolchain"]);
    let path = own["prepend"]["PATH"].to_string();
    assert_eq!(path.matches("<rust-").count(), 1, "{path}");
}

#[test]
fn the_toolchain_of_a_shell() {
    let text = SHELL
        .replace("{ mkShell", "{ mkShell, rust")
        .replace("[ pkg", "[ rust.default pkg");
    let case = Case::locked(&[("nixpkgs", "package-set")], &[("crate-env.nix", &text)]);
    assert_eq!(case.dump()["toolchain"], "<rust-1.89.0>");
}

/// What the setup has for its own use stays out of PATH, unless it is asked for.
#[test]
fn programs_of_the_setup_that_are_asked_for() {
    let text =
        "{ rust, coreutils, patchelf }:\n{ tools = [ coreutils ]; nativeBuildInputs = [ patchelf ]; }\n";
    let case = Case::locked(&[("nixpkgs", "package-set")], &[("crate-env.nix", text)]);
    let path = case.dump()["prepend"]["PATH"].to_string();
    assert!(
        path.contains("<patchelf>/bin") && path.contains("<coreutils-fixture>/bin"),
        "{path}"
    );
}

/// The setup's own values for a sandbox do not leave it; the project's do. The
/// seed that it makes of the output's path would change the flags of a build
/// with every change of the environment.
#[test]
fn variables_that_the_setup_has_values_for() {
    let pins = [("nixpkgs", "package-set")];
    let names = [
        "SSL_CERT_FILE",
        "NIX_SSL_CERT_FILE",
        "SOURCE_DATE_EPOCH",
        "NIX_CFLAGS_COMPILE",
    ];
    let case = Case::locked(&pins, &[("crate-env.nix", "{ rust }: { }\n")]);
    let dump = case.dump();
    for name in names {
        assert_eq!(dump["variables"].get(name), None, "{name}");
    }
    let text = "{ rust }:\n{\n  env = {\n    SSL_CERT_FILE = \"/mine\";\n    SOURCE_DATE_EPOCH = 1;\n    NIX_CFLAGS_COMPILE = \"-O1\";\n  };\n}\n";
    let case = Case::locked(&pins, &[("crate-env.nix", text)]);
    let dump = case.dump();
    assert_eq!(dump["variables"]["SSL_CERT_FILE"], "/mine");
    assert_eq!(dump["variables"]["SOURCE_DATE_EPOCH"], "1");
    assert_eq!(dump["variables"]["NIX_CFLAGS_COMPILE"], "-O1");
}

#[test]
fn a_shell_of_the_host_set() {
    let case = Case::new(&[("crate-env.nix", SHELL)]);
    let dump = case.dump();
    assert_eq!(dump["variables"]["FOO"], "a \"b\" \\ $c\nd");
    assert_eq!(dump["shellHook"], "echo hi");
}

/// Values are coerced as a derivation's attributes are; the setup's hooks see
/// them; `tools` are not part of the toolchain.
#[test]
fn variables_and_tools() {
    let case = Case::locked(
        &[("nixpkgs", "package-set")],
        &[
            (
                "crate-env.nix",
                "{ rust, hello, openssl, defaultCrateOverrides }:\n{\n  tools = [ rust.clippy rust.rust-src ];\n  \
             env = { A = 1; B = true; C = false; E = ./data; F = hello; NIX_LDFLAGS = \"-lfoo\"; };\n  \
             buildInputs = [ openssl ];\n  crates = defaultCrateOverrides // { foo-sys.env.X = 1; };\n}\n",
            ),
            ("data", "x"),
        ],
    );
    insta::assert_json_snapshot!(case.dump());
}

/// The member's layer lies over the root's.
#[test]
fn layers() {
    let case = Case::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
        ("a/Cargo.toml", "[package]\nname = \"a\"\n"),
        (
            "crate-env.nix",
            "{ pkg-config }:\n{\n  env = { A = \"root\"; B = \"root\"; };\n  nativeBuildInputs = [ pkg-config ];\n  shellHook = \"one\";\n}\n",
        ),
        (
            "a/crate-env.nix",
            "{ openssl }:\n{\n  env.B = \"member\";\n  buildInputs = [ openssl ];\n  shellHook = \"two\";\n}\n",
        ),
    ]);
    let case = Case {
        project: case.project.join("a"),
        ..case
    };
    let dump = case.dump();
    assert_eq!(dump["variables"]["A"], "root");
    assert_eq!(dump["variables"]["B"], "member");
    assert_eq!(dump["shellHook"], "one\ntwo");
    let host: Vec<&str> = dump["host"]
        .as_array()
        .expect("parts")
        .iter()
        .filter_map(|part| part["name"].as_str())
        .collect();
    assert_eq!(host, ["pkg-config", "openssl", "cc"]);
}

/// A member's shell lies over the root's as other layers do.
#[test]
fn shells_of_two_layers() {
    let files = [
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
        ("a/Cargo.toml", "[package]\nname = \"a\"\n"),
        (
            "crate-env.nix",
            "{ mkShell, pkg-config }:\nmkShell {\n  packages = [ pkg-config ];\n  A = \"root\";\n  B = \"root\";\n  shellHook = \"one\";\n}\n",
        ),
        (
            "a/crate-env.nix",
            "{ mkShell, openssl, cmake }:\nmkShell {\n  packages = [ cmake ];\n  buildInputs = [ openssl ];\n  B = \"member\";\n  shellHook = \"two\";\n}\n",
        ),
    ];
    for pinned in [false, true] {
        let mut case = if pinned {
            Case::locked(&[("nixpkgs", "package-set")], &files)
        } else {
            Case::new(&files)
        };
        case.project.push("a");
        let dump = case.dump();
        assert_eq!(dump["variables"]["A"], "root", "{dump}");
        assert_eq!(dump["variables"]["B"], "member", "{dump}");
        assert_eq!(dump["shellHook"], "one\ntwo");
        let text = dump.to_string();
        for package in ["pkg-config", "cmake", "openssl"] {
            assert!(text.contains(&format!("<{package}")), "{package}: {dump}");
        }
        let names = dump["variables"].as_object().expect("variables").keys();
        assert!(
            !names.clone().any(|name| name == "stdenv" || name == "buildPhase"),
            "{dump}"
        );
    }
}

/// A component is imported because a string of `env` needs it, not only
/// because a list names it.
#[test]
fn an_import_found_on_the_way() {
    let case = Case::new(&[(
        "crate-env.nix",
        "{ rust }: { env.FMT = \"${rust.rustfmt}/bin/rustfmt\"; }\n",
    )]);
    let (dump, _) = case.environment();
    let rustfmt = dump["variables"]["FMT"].as_str().expect("a path");
    assert!(common::success(Command::new(rustfmt).arg("--version")).starts_with("rustfmt"));
}

/// What crate-env.nix files written for nixpkgs commonly use of `lib` and `stdenv`.
#[test]
fn lib_and_stdenv_of_the_host_set() {
    let case = Case::new(&[(
        "crate-env.nix",
        "{ lib, stdenv, openssl, pkgs, system, defaultCrateOverrides }:\n{\n  crates = defaultCrateOverrides;\n  buildInputs = lib.optionals stdenv.hostPlatform.isUnix [ openssl.dev ]\n    \
         ++ lib.optional (stdenv.isLinux && stdenv.isDarwin) pkgs.nothing;\n  env = {\n    \
         LIBS = lib.makeLibraryPath [ openssl ];\n    INCLUDE = \"${lib.getDev openssl}/include\";\n    SYSTEM = lib.escapeShellArg \"it's ${system}\";\n    \
         WORDS = lib.concatMapStringsSep \",\" lib.trim (lib.splitString \".\" \" a .b\");\n  };\n}\n",
    )]);
    let (dump, _) = case.environment();
    let file = |variable: &str, name: &str| {
        let directory = dump["variables"][variable].as_str().expect("a directory");
        std::fs::metadata(std::path::Path::new(directory).join(name)).is_ok_and(|file| file.len() > 0)
    };
    assert!(
        file("LIBS", "libssl.so") && file("LIBS", "libcrypto.so"),
        "{dump}"
    );
    // Debian has it in two directories, one of them for the architecture.
    assert!(
        file("INCLUDE", "openssl/ssl.h") && file("INCLUDE", "openssl/opensslconf.h"),
        "{dump}"
    );
    assert_eq!(dump["variables"]["WORDS"], "a,b");
    assert!(
        dump["variables"]["SYSTEM"]
            .as_str()
            .is_some_and(|text| text.starts_with("'it'\\''s "))
    );
    assert!(
        dump["variables"]["PKG_CONFIG_PATH"]
            .as_str()
            .is_some_and(|path| path.contains("openssl"))
    );
}

/// The few builders that a crate-env.nix over the host set can want.
#[test]
fn a_script_of_the_projects_own() {
    let case = Case::new(&[(
        "crate-env.nix",
        "{ writeShellScriptBin, symlinkJoin }:\n{ tools = [ (symlinkJoin { name = \"both\"; paths = [ (writeShellScriptBin \"hi\" \"echo hi there\") ]; }) ]; }\n",
    )]);
    let (dump, _) = case.environment();
    let path = dump["prepend"]["PATH"].as_array().expect("PATH");
    let script = path
        .iter()
        .filter_map(|entry| entry.as_str())
        .map(|entry| format!("{entry}/hi"));
    let script = script
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .expect("hi is on PATH");
    assert_eq!(common::success(&mut Command::new(script)), "hi there\n");
}

/// nixpkgs has some packages in sets of their own; so does the host set,
/// whether or not the machine has them.
#[test]
fn packages_in_sets_of_their_own() {
    let case = Case::new(&[(
        "crate-env.nix",
        "{ xorg, gst_all_1 }:\n{ env.NAMES = toString (builtins.attrNames xorg ++ builtins.attrNames gst_all_1); }\n",
    )]);
    let dump = case.dump();
    let names = dump["variables"]["NAMES"].as_str().expect("names");
    let has = |name| names.split(' ').any(|found| found == name);
    assert!(has("libX11") && has("gstreamer"), "{names}");
}
