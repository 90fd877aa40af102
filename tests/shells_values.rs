//! What real shells have after loading an environment their own way, asked of a
//! child process (`cargo-nix environ`), not of the shell: byte for byte the
//! values of the environment.

mod common;

use cargo_nix::env::Env;
use common::{World, both, run};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Each shell with the line that its users type (BIN and DUMP stand for what a
/// test needs), and the child that writes what it got.
const SHELLS: &[(&str, &[&str], &str)] = &[
    ("bash", &["--norc", "-c"], SH),
    ("dash", &["-c"], SH),
    ("zsh", &["-f", "-c"], SH),
    (
        "fish",
        &["--no-config", "-c"],
        "$BIN env --dump $DUMP --format fish | source; $BIN environ $OUT",
    ),
    (
        "nu",
        &["--no-config-file", "-c"],
        "^$env.BIN env --dump $env.DUMP --format nu | from json | load-env; ^$env.BIN environ $env.OUT",
    ),
    (
        "elvish",
        &["-norc", "-c"],
        "var bin = (external $E:BIN); eval ($bin env --dump $E:DUMP --format elvish | slurp); $bin environ $E:OUT",
    ),
];
const SH: &str = r#"eval "$("$BIN" env --dump "$DUMP" --print)"; "$BIN" environ "$OUT""#;

const BIN: &str = env!("CARGO_BIN_EXE_cargo-nix");

/// Where the shell is; nushell is in a prefix of ours.
fn program(shell: &str) -> PathBuf {
    if shell != "nu" {
        return PathBuf::from(shell);
    }
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    cache.join("cargo-nix/test-tools/bin/nu")
}

/// The variables of a child of `shell` that has loaded `env`.
fn loaded(
    world: &World,
    shell: &(&str, &[&str], &str),
    env: &Env,
    path: &OsStr,
) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let (name, options, line) = shell;
    let dump = world.write("dump.json", &serde_json::to_string(env).expect("JSON"));
    let out = world.path().join(format!("environ-{name}"));
    let mut command = world.command(program(name));
    command
        .args(*options)
        .arg(line)
        .env("BIN", BIN)
        .env("DUMP", dump)
        .env("OUT", &out)
        .env("PATH", path);
    let output = run(&mut command);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{name}: {}",
        both(&output)
    );
    parse(&out)
}

fn parse(file: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let text = std::fs::read(file).expect("what the child wrote");
    text.split(|byte| *byte == 0)
        .filter_map(|line| {
            let equals = line.iter().position(|byte| *byte == b'=')?;
            Some((line[..equals].to_vec(), line[equals + 1..].to_vec()))
        })
        .collect()
}

/// All shells in one go, each with all values at once.
fn assert_values(values: &[String]) {
    let world = World::new();
    let variables = values
        .iter()
        .enumerate()
        .map(|(n, value)| (format!("V{n}"), value.clone()))
        .collect();
    let env = Env {
        variables,
        ..Env::default()
    };
    let path = std::env::var_os("PATH").expect("PATH is set");
    for shell in SHELLS {
        let got = loaded(&world, shell, &env, &path);
        for (name, value) in &env.variables {
            let got = got
                .get(name.as_bytes())
                .unwrap_or_else(|| panic!("{} has no {name}", shell.0));
            let short = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
            assert!(
                got == value.as_bytes(),
                "{}: {:?} became {:?}",
                shell.0,
                short(value.as_bytes()),
                short(got)
            );
        }
    }
}

#[test]
fn nasty_values_arrive_as_they_are() {
    let controls: String = (1..=31u8).chain([127]).map(char::from).collect();
    let every_byte_of_two: String = ('\u{80}'..='\u{ff}').collect();
    let mut values: Vec<String> = [
        "",
        " ",
        "  two  spaces  ",
        "\n",
        "\n\n\n",
        "trailing\n",
        "trailing\n\n",
        "\nleading",
        "a\nb\r\nc\r",
        "\t",
        "'",
        "''",
        "'''",
        "\"",
        "\"\"",
        "it's",
        "'quoted'",
        "\"quoted\"",
        "\\",
        "\\\\",
        "\\'",
        "\\\"",
        "\\n",
        "a\\",
        "a\\\nb",
        "\\\n",
        "$",
        "$HOME",
        "${HOME}",
        "$(echo bad)",
        "`echo bad`",
        "$((1+1))",
        "$'x'",
        "$\"x\"",
        "-",
        "--",
        "-n",
        "-e x",
        "--help",
        "!",
        "!!",
        "a!b",
        "!$",
        "%",
        "%s",
        "%d%n",
        "100%",
        "~",
        "~/x",
        "~root",
        "=ls",
        "a=b",
        "*",
        "?",
        "[a-z]",
        "{a,b}",
        "{}",
        "#",
        "# comment",
        "a # b",
        ";",
        "a;b",
        "&",
        "|",
        "<",
        ">",
        "(",
        ")",
        "a:b",
        "a::b",
        ":",
        "\u{feff}bom",
        "ä€𝄞",
        "e\u{301}",
        "\u{f600}\u{f6ff}",
        "\u{200b}\u{202e}",
        "\u{fffd}",
        "null",
        "true",
        "0",
        "0x10",
        "1e3",
        "1_000",
        "2020-01-01",
        "1kb",
        "[1, 2]",
        "{a: 1}",
        "r#'x'#",
        "$env.HOME",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1}\u{7f}",
        "EOF\nEOF\n",
        "\u{7}",
        "end\u{1}",
        "'\n'",
        "\\x41",
        "\\u0041",
        "\\e",
        "^",
        "a^b",
        "@",
        "@-",
        "%1",
        "fg %1",
    ]
    .map(String::from)
    .to_vec();
    values.extend([
        controls,
        every_byte_of_two,
        "x".repeat(100_000),
        "'\\\n$".repeat(25_000),
    ]);
    assert_values(&values);
}

#[test]
fn lists_go_before_what_is_there_even_where_it_is_not_utf8() {
    let world = World::new();
    let mut env = Env::default();
    env.prepend
        .insert("PATH".into(), vec!["/new/it's".into(), "/new/b $x".into()]);
    env.prepend
        .insert("XDG_DATA_DIRS".into(), vec!["/new/share".into()]);
    env.prepend.insert("FOO_PATH".into(), vec!["/new/foo".into()]);
    let old = b"/usr/bin:/bin";
    let with = |parts: &[&[u8]]| parts.join(&b':');
    for shell in SHELLS {
        // JSON has no such bytes: what cannot be said there is said on stderr.
        let odd: &[u8] = if shell.0 == "nu" {
            b"/old/\xc3\xa4"
        } else {
            b"/old/\xff\xfe"
        };
        let got = loaded(&world, shell, &env, &OsString::from_vec(with(&[old, odd, old])));
        let expected = with(&[b"/new/it's:/new/b $x", old, odd]);
        let lossy = |bytes: &[u8]| OsStr::from_bytes(bytes).display().to_string();
        assert_eq!(lossy(&got[&b"PATH"[..]]), lossy(&expected), "{}", shell.0);
        assert!(got[&b"PATH"[..]] == expected, "{}", shell.0);
        assert_eq!(
            got[&b"XDG_DATA_DIRS"[..]],
            b"/new/share:/usr/local/share:/usr/share",
            "{}",
            shell.0
        );
        assert_eq!(got[&b"FOO_PATH"[..]], b"/new/foo", "{}", shell.0);
    }
}

/// A shell that refuses to set a variable of its own ends the whole `eval`: no
/// name must do that, and the variables after it must be there.
#[test]
fn names_that_shells_keep_for_themselves_do_no_harm() {
    let world = World::new();
    let listed: BTreeMap<String, Vec<String>> =
        serde_json::from_str(include_str!("../data/shell-names.json")).expect("JSON");
    let never: serde_json::Value =
        serde_json::from_str(include_str!("../nix/env/never-export.json")).expect("JSON");
    let mut names: Vec<String> = listed.into_values().flatten().collect();
    names.extend(
        never["never"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|name| name.as_str().expect("text").into()),
    );
    names.extend(["a.b", "1a", "a-b", "ä", "a b", "$(touch bad)", "a'b", "zzz"].map(String::from));
    let variables = names.into_iter().map(|name| (name, "harm".to_string())).collect();
    let env = Env {
        variables,
        ..Env::default()
    };
    let dump = world.write("dump.json", &serde_json::to_string(&env).expect("JSON"));
    for (name, options, line) in SHELLS {
        let out = world.path().join(format!("environ-{name}"));
        let mut command = world.command(program(name));
        command
            .args(*options)
            .arg(line)
            .env("BIN", BIN)
            .env("DUMP", &dump)
            .env("OUT", &out);
        let output = run(&mut command);
        assert!(output.status.success(), "{name}: {}", both(&output));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let foreign: Vec<&str> = stderr
            .lines()
            .filter(|line| !line.starts_with("warning: variable "))
            .collect();
        assert!(foreign.is_empty(), "{name}: {}", foreign.join("\n"));
        let got = parse(&out);
        assert_eq!(
            got.get(&b"zzz"[..]).map(Vec::as_slice),
            Some(&b"harm"[..]),
            "{name}"
        );
        for kept in ["HOME", "PWD", "SHELL"] {
            assert_ne!(
                got.get(kept.as_bytes()).map(Vec::as_slice),
                Some(&b"harm"[..]),
                "{name}: {kept}"
            );
        }
        assert!(!world.path().join("bad").exists());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]
    /// 40 values a case, as each case starts six shells.
    #[test]
    fn any_value_arrives_as_it_is(values in prop::collection::vec(
        prop_oneof!["[^\0]{0,60}", "[-'\"\\\\$`!%\n\r\t (){}\\[\\]#~*?=:;&|<>^@,.a-b]{0,60}"], 40)) {
        assert_values(&values);
    }

    /// What a dotenv file says is read back by the Rust reader.
    #[test]
    fn dotenv_is_read_back(value in "[^\0\r]{0,60}") {
        let env = Env { variables: [("A".to_string(), value.clone()), ("B".to_string(), "end".into())].into(), ..Env::default() };
        let changes = cargo_nix::env::merge::merge(&env, |_| None);
        let text = cargo_nix::env::render::render(cargo_nix::env::Format::Dotenv, &changes).text;
        let read: Vec<_> = dotenvy::from_read_iter(&text[..]).collect::<Result<_, _>>().expect("dotenvy reads it");
        prop_assert_eq!(read, vec![("A".to_string(), value), ("B".to_string(), "end".to_string())]);
    }
}
