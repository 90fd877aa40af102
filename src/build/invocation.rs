//! A rustc command line, taken apart: each option in one canonical form, in
//! the order given, and what the rest of this room asks about picked out.
//!
//! Never: guessing. An option whose shape is not known here makes the unit
//! [`Local`], since its value might be the next argument or a file.

use super::Local;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// An option or an input file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A positional argument: the crate's root file.
    Input(OsString),
    /// An option without a value: `--test`, `-O`.
    Switch(&'static str),
    /// An option with its value: `-Copt-level=3` is `("-C", "opt-level=3")`,
    /// `--edition 2021` is `("--edition", "2021")`.
    Option(&'static str, OsString),
}

/// An `--extern`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extern {
    /// What stands before the path: `priv,noprelude:name`, or `name`.
    pub name: OsString,
    /// The artifact; absent for crates of the sysroot (`--extern proc_macro`).
    pub path: Option<PathBuf>,
}

/// A call of rustc that compiles something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Every argument, in order.
    pub arguments: Vec<Argument>,
    /// `--crate-name`.
    pub crate_name: String,
    /// All `--crate-type`s, in order; `lib`, `proc-macro`, `bin`, …
    pub crate_types: Vec<String>,
    /// The crate's root file.
    pub input: PathBuf,
    /// `--out-dir`.
    pub out_dir: PathBuf,
    /// `-C extra-filename`, or nothing.
    pub extra_filename: String,
    /// What `--emit` lists, sorted.
    pub emit: Vec<String>,
    /// All `--extern`s, in order.
    pub externs: Vec<Extern>,
}

/// A command line of rustc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Asks rustc about itself (`-vV`, `--print`), or reads standard input.
    Probe,
    /// Compiles a crate.
    Compile(Box<Invocation>),
}

/// Long options that take a value, as the next argument or after `=`.
const LONG: [&str; 27] = [
    "--allow",
    "--cap-lints",
    "--cfg",
    "--check-cfg",
    "--codegen",
    "--color",
    "--crate-name",
    "--crate-type",
    "--deny",
    "--diagnostic-width",
    "--edition",
    "--emit",
    "--env-set",
    "--error-format",
    "--explain",
    "--extern",
    "--forbid",
    "--force-warn",
    "--json",
    "--out-dir",
    "--print",
    "--remap-path-prefix",
    "--remap-path-scope",
    "--sysroot",
    "--target",
    "--unpretty",
    "--warn",
];
/// Short options that take a value, joined or as the next argument.
const SHORT: [&str; 9] = ["-C", "-L", "-l", "-Z", "-A", "-W", "-D", "-F", "-o"];
/// Options without a value.
const SWITCHES: [&str; 9] = [
    "--test",
    "--verbose",
    "--version",
    "--help",
    "-O",
    "-g",
    "-v",
    "-V",
    "-h",
];
/// The long options that are another spelling of a short one.
const SPELLINGS: [(&str, &str); 5] = [
    ("--codegen", "-C"),
    ("--allow", "-A"),
    ("--warn", "-W"),
    ("--deny", "-D"),
    ("--forbid", "-F"),
];

/// Takes a command line (without the compiler's own name, argument files
/// expanded) apart.
///
/// # Errors
/// It has an option of unknown shape, or lacks what every call of cargo has.
pub fn parse(arguments: &[OsString]) -> Result<Call, Local> {
    let arguments = split(arguments)?;
    let is_probe = |argument: &Argument| match argument {
        Argument::Switch(name) => ["-V", "--version", "-h", "--help"].contains(name),
        Argument::Option(name, _) => ["--print", "--explain"].contains(name),
        Argument::Input(path) => path == "-",
    };
    if arguments.iter().any(is_probe) || arguments == [Argument::Switch("-v")] {
        return Ok(Call::Probe);
    }
    compile(arguments).map(|invocation| Call::Compile(Box::new(invocation)))
}

/// Each word of the command line as an [`Argument`].
fn split(words: &[OsString]) -> Result<Vec<Argument>, Local> {
    let mut arguments = Vec::with_capacity(words.len());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let bytes = word.as_bytes();
        if !bytes.starts_with(b"-") || bytes == b"-" {
            arguments.push(Argument::Input(word.clone()));
            continue;
        }
        if bytes == b"-vV" {
            arguments.extend([Argument::Switch("-v"), Argument::Switch("-V")]);
            continue;
        }
        if let Some(name) = SWITCHES.iter().find(|name| name.as_bytes() == bytes) {
            arguments.push(Argument::Switch(name));
            continue;
        }
        let (name, joined) = option(bytes)
            .ok_or_else(|| Local::because(format!("the option {} is not known", word.display())))?;
        let value = match joined {
            Some(value) => OsString::from_vec(value.to_vec()),
            None => words
                .next()
                .cloned()
                .ok_or_else(|| Local::because(format!("{name} lacks its value")))?,
        };
        arguments.push(Argument::Option(name, value));
    }
    Ok(arguments)
}

/// The canonical name of an option with a value, and the value if it is joined.
fn option(word: &[u8]) -> Option<(&'static str, Option<&[u8]>)> {
    if !word.starts_with(b"--") {
        let name = SHORT.iter().find(|name| word.starts_with(name.as_bytes()))?;
        let value = &word[2..];
        return Some((name, (!value.is_empty()).then_some(value)));
    }
    let equals = word.iter().position(|byte| *byte == b'=');
    let (name, value) = match equals {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    let name = LONG.iter().find(|known| known.as_bytes() == name)?;
    let spelling = SPELLINGS
        .iter()
        .find(|(long, _)| long == name)
        .map_or(*name, |(_, short)| *short);
    Some((spelling, value))
}

/// What the rest of this room asks about a compiling call.
fn compile(arguments: Vec<Argument>) -> Result<Invocation, Local> {
    let mut inputs = Vec::new();
    let (mut crate_name, mut out_dir, mut extra_filename) = (None, None, String::new());
    let (mut crate_types, mut emit, mut externs) = (Vec::new(), Vec::new(), Vec::new());
    for argument in &arguments {
        match argument {
            Argument::Input(path) => inputs.push(PathBuf::from(path)),
            Argument::Switch(_) => {}
            Argument::Option("--crate-name", value) => crate_name = Some(text(value)?),
            Argument::Option("--crate-type", value) => crate_types.extend(list(value)?),
            Argument::Option("--emit", value) => emit.extend(list(value)?),
            Argument::Option("--out-dir", value) => out_dir = Some(PathBuf::from(value)),
            Argument::Option("--extern", value) => externs.push(Extern::parse(value)),
            Argument::Option("-o", _) => return Err(Local::because("it is called with -o")),
            Argument::Option("-C", value) => {
                if let Some(extra) = value.as_bytes().strip_prefix(b"extra-filename=") {
                    extra_filename = text(OsStr::from_bytes(extra))?;
                }
            }
            Argument::Option(..) => {}
        }
    }
    emit.sort();
    let [input] =
        <[PathBuf; 1]>::try_from(inputs).map_err(|_| Local::because("it has not exactly one root file"))?;
    Ok(Invocation {
        arguments,
        crate_name: crate_name.ok_or_else(|| Local::because("it has no --crate-name"))?,
        crate_types,
        input,
        out_dir: out_dir.ok_or_else(|| Local::because("it has no --out-dir"))?,
        extra_filename,
        emit,
        externs,
    })
}

impl Extern {
    fn parse(value: &OsStr) -> Extern {
        let bytes = value.as_bytes();
        match bytes.iter().position(|byte| *byte == b'=') {
            Some(at) => Extern {
                name: OsString::from_vec(bytes[..at].to_vec()),
                path: Some(PathBuf::from(OsStr::from_bytes(&bytes[at + 1..]))),
            },
            None => Extern {
                name: value.to_owned(),
                path: None,
            },
        }
    }
}

impl Invocation {
    /// Whether this is the compiling of a build script.
    pub fn is_build_script(&self) -> bool {
        self.crate_types == ["bin"] && self.crate_name.starts_with("build_script_")
    }

    /// `<crate name><extra filename>`, which every output of the unit has in
    /// its name: `libserde-0123.rlib`, `serde-0123.d`.
    pub fn stem(&self) -> String {
        format!("{}{}", self.crate_name, self.extra_filename)
    }

    /// The values of an option, in order, by its canonical name.
    pub fn values<'a>(&'a self, option: &'a str) -> impl Iterator<Item = &'a OsStr> {
        self.arguments.iter().filter_map(move |argument| match argument {
            Argument::Option(name, value) if *name == option => Some(value.as_os_str()),
            _ => None,
        })
    }
}

fn text(value: &OsStr) -> Result<String, Local> {
    value
        .to_str()
        .map(str::to_owned)
        .ok_or_else(|| Local::because(format!("{} is not UTF-8", value.display())))
}

fn list(value: &OsStr) -> Result<Vec<String>, Local> {
    Ok(text(value)?.split(',').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(words: &[&str]) -> Result<Call, Local> {
        parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn compiled(words: &[&str]) -> Invocation {
        match call(words).unwrap() {
            Call::Compile(invocation) => *invocation,
            Call::Probe => panic!("{words:?} is a probe"),
        }
    }

    #[test]
    fn a_library_as_cargo_compiles_it() {
        let unit = compiled(&[
            "--crate-name",
            "serde",
            "--edition=2021",
            "src/lib.rs",
            "--error-format=json",
            "--json=diagnostic-rendered-ansi,artifacts,future-incompat",
            "--diagnostic-width=142",
            "--crate-type",
            "lib",
            "--emit=dep-info,metadata,link",
            "-C",
            "embed-bitcode=no",
            "-C",
            "debuginfo=2",
            "--cfg",
            "feature=\"derive\"",
            "-C",
            "metadata=5d0",
            "-C",
            "extra-filename=-9a",
            "--out-dir",
            "/t/debug/deps",
            "-L",
            "dependency=/t/debug/deps",
            "--extern",
            "serde_derive=/t/debug/deps/libserde_derive-1.so",
            "--extern",
            "priv,noprelude:other=/t/debug/deps/libother-2.rmeta",
            "--extern",
            "proc_macro",
            "--cap-lints",
            "allow",
        ]);
        assert_eq!(unit.crate_name, "serde");
        assert_eq!(unit.crate_types, ["lib"]);
        assert_eq!(unit.input, PathBuf::from("src/lib.rs"));
        assert_eq!(unit.out_dir, PathBuf::from("/t/debug/deps"));
        assert_eq!(unit.stem(), "serde-9a");
        assert_eq!(unit.emit, ["dep-info", "link", "metadata"]);
        let externs: Vec<_> = unit
            .externs
            .iter()
            .map(|e| (e.name.to_str().unwrap(), e.path.clone()))
            .collect();
        assert_eq!(
            externs,
            [
                ("serde_derive", Some("/t/debug/deps/libserde_derive-1.so".into())),
                (
                    "priv,noprelude:other",
                    Some("/t/debug/deps/libother-2.rmeta".into())
                ),
                ("proc_macro", None),
            ]
        );
        assert_eq!(unit.values("-C").count(), 4);
        assert!(!unit.is_build_script());
    }

    #[test]
    fn every_spelling_is_one_option() {
        let one = compiled(&[
            "--crate-name=a",
            "a.rs",
            "--out-dir=o",
            "-Copt-level=3",
            "--codegen",
            "lto",
            "-Wunused",
            "--warn=x",
        ]);
        let options: Vec<_> = one.arguments.iter().skip(3).cloned().collect();
        assert_eq!(
            options,
            [
                Argument::Option("-C", "opt-level=3".into()),
                Argument::Option("-C", "lto".into()),
                Argument::Option("-W", "unused".into()),
                Argument::Option("-W", "x".into()),
            ]
        );
    }

    #[test]
    fn questions_are_probes() {
        for words in [
            &["-vV"][..],
            &["--version"],
            &["-V"],
            &[
                "-",
                "--crate-name",
                "___",
                "--print=file-names",
                "--crate-type",
                "bin",
            ],
            &["--print", "cfg"],
            &["-", "--crate-name", "probe", "--out-dir", "/o"],
        ] {
            assert_eq!(call(words).unwrap(), Call::Probe, "{words:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_local() {
        for (words, reason) in [
            (
                &["--crate-name", "a", "a.rs", "--out-dir", "o", "--frobnicate"][..],
                "the option --frobnicate is not known",
            ),
            (&["a.rs", "--out-dir", "o"], "it has no --crate-name"),
            (
                &["--crate-name", "a", "--out-dir", "o"],
                "it has not exactly one root file",
            ),
            (
                &["--crate-name", "a", "a.rs", "b.rs", "--out-dir", "o"],
                "it has not exactly one root file",
            ),
            (&["--crate-name", "a", "a.rs", "-o", "x"], "it is called with -o"),
            (
                &["--crate-name", "a", "a.rs", "--out-dir"],
                "--out-dir lacks its value",
            ),
        ] {
            assert_eq!(call(words).unwrap_err().0, reason, "{words:?}");
        }
    }

    #[test]
    fn a_value_that_is_not_text_is_kept_byte_for_byte() {
        let mut words: Vec<OsString> = ["--crate-name", "a", "a.rs", "--out-dir", "o", "--cfg"]
            .map(OsString::from)
            .to_vec();
        words.push(OsString::from_vec(b"x=\"\xff\"".to_vec()));
        let Call::Compile(unit) = parse(&words).unwrap() else {
            panic!("a probe")
        };
        assert_eq!(unit.values("--cfg").next().unwrap().as_bytes(), b"x=\"\xff\"");
    }
}
