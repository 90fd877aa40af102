//! One environment in every format, as golden files; and what merging does.

use cargo_nix::env::Env;
use cargo_nix::env::merge::{Changes, merge};
use cargo_nix::env::render::{Format, GithubFiles, render};
use std::ffi::OsString;

fn sample() -> Env {
    let variables = [
        ("EMPTY", ""),
        ("QUOTES", "it's \"quoted\" \\ $HOME `x`"),
        ("TWO_LINES", "one\ntwo\n"),
        ("UNICODE", "ä€"),
        ("HOME", "/homeless-shelter"),
        ("TMPDIR", "/build"),
        ("NIX_ATTRS_JSON_FILE", "/build/.attrs.json"),
        ("SSL_CERT_FILE", "/no-cert-file.crt"),
        ("NIX_SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
        ("with-dash", "kept where it can be"),
    ];
    Env {
        variables: variables
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .into(),
        prepend: [
            (
                "PATH".to_string(),
                vec!["/store/rust/bin".to_string(), "/store/cc/bin".into()],
            ),
            ("XDG_DATA_DIRS".to_string(), vec!["/store/share".into()]),
            ("MANPATH".to_string(), vec!["/store/man".into()]),
        ]
        .into(),
        ..Env::default()
    }
}

fn changes() -> Changes {
    merge(&sample(), |name| {
        (name == "PATH").then(|| OsString::from("/usr/bin:/store/cc/bin:/bin"))
    })
}

#[test]
fn every_format_has_its_golden_file() {
    for (name, format) in [
        ("sh", Format::Sh),
        ("fish", Format::Fish),
        ("nu", Format::Nu),
        ("elvish", Format::Elvish),
        ("json", Format::Json),
        ("dotenv", Format::Dotenv),
    ] {
        let rendered = render(format, &changes());
        let text = String::from_utf8(rendered.text).expect("UTF-8");
        insta::assert_snapshot!(
            name,
            format!("{text}--- warnings\n{}\n", rendered.warnings.join("\n"))
        );
    }
    assert_eq!(render(Format::Sh, &changes()), render(Format::Bash, &changes()));
    assert_eq!(render(Format::Sh, &changes()), render(Format::Zsh, &changes()));
}

#[test]
fn github_has_its_golden_file() {
    let files = GithubFiles::render(&changes(), || "DELIMITER".into());
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    insta::assert_snapshot!(
        "github",
        format!(
            "{}--- path\n{}--- warnings\n{}\n",
            text(files.env),
            text(files.path),
            files.warnings.join("\n")
        )
    );
}

/// A value that holds the delimiter could otherwise set any variable it likes.
#[test]
fn a_delimiter_is_never_part_of_the_value() {
    let env = Env {
        variables: [("A".into(), "x\nFIRST\nEVIL<<y\nz\ny".into())].into(),
        ..Env::default()
    };
    let mut delimiters = ["FIRST", "SECOND"].into_iter();
    let files = GithubFiles::render(&merge(&env, |_| None), || delimiters.next().expect("two").into());
    assert!(files.env.starts_with(b"A<<SECOND\n") && files.env.ends_with(b"\nSECOND\n"));
}

fn list(new: &[&str], present: Option<&str>, name: &str) -> Option<OsString> {
    let prepend = [(
        name.to_string(),
        new.iter().map(|entry| entry.to_string()).collect(),
    )]
    .into();
    let changes = merge(
        &Env {
            prepend,
            ..Env::default()
        },
        |_| present.map(OsString::from),
    );
    changes
        .list
        .first()
        .map(|change| change.value.as_ref().expect("set").joined())
}

#[test]
fn lists_are_merged_new_then_old_without_duplicates() {
    let is = |text: &str| Some(OsString::from(text));
    assert_eq!(
        list(&["/a", "/b", "/a"], Some("/c:/a:/c"), "PATH"),
        is("/a:/b:/c")
    );
    assert_eq!(list(&["/a:/b"], None, "PATH"), is("/a:/b"));
    assert_eq!(
        list(&["/a"], Some(""), "PATH"),
        is("/a"),
        "an empty PATH does not become the current directory"
    );
    assert_eq!(
        list(&["", "/a"], Some("/b:"), "PATH"),
        is("/a:/b:"),
        "the user's own empty entry stays"
    );
    assert_eq!(
        list(&["/a"], None, "XDG_DATA_DIRS"),
        is("/a:/usr/local/share:/usr/share")
    );
    assert_eq!(list(&["/a"], Some("/x"), "XDG_DATA_DIRS"), is("/a:/x"));
    assert_eq!(
        list(&["/a"], None, "MANPATH"),
        is("/a:"),
        "the system's manual is still found"
    );
    assert_eq!(
        list(&[], Some("/b"), "PATH"),
        None,
        "nothing new, nothing changed"
    );
}

#[test]
fn merging_again_changes_nothing() {
    let first = changes();
    let value = |name: &str| {
        let change = first.list.iter().find(|change| change.name == name)?;
        change.value.as_ref().map(|value| value.joined())
    };
    let second = merge(&sample(), value);
    for (a, b) in first.list.iter().zip(&second.list) {
        assert_eq!(
            a.value.as_ref().map(|v| v.joined()),
            b.value.as_ref().map(|v| v.joined()),
            "{}",
            a.name
        );
    }
}
