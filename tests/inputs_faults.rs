//! What cannot be an input is refused with the place and the way out.

mod common;
mod inputs_help;

use inputs_help::Fixture;
use std::process::Command;

#[test]
fn a_link_out_of_the_project_names_the_literal() {
    let fixture = Fixture::new(&[
        ("crate-env.nix", "{\n  a = import ./l.nix;\n}\n"),
        ("l.nix -> ../secret.nix", ""),
    ]);
    fixture.world.write("secret.nix", "1");
    insta::assert_snapshot!("relative_link_out", fixture.fault());

    let absolute = Fixture::new(&[("crate-env.nix", "./dir/passwd"), ("dir -> /etc", "")]);
    insta::assert_snapshot!("absolute_link_out", absolute.fault());
}

/// Editors leave links such as `.#file -> user@host` in directories: they are
/// copied as they are, and only their use is a fault.
#[test]
fn a_link_out_that_is_only_swept_up_is_kept() {
    let fixture = Fixture::new(&[
        ("crate-env.nix", "./d"),
        ("d/result -> /nix/store/x", ""),
        ("d/.#lock -> me@host.1", ""),
        ("d/out -> ../../x", ""),
    ]);
    assert_eq!(
        fixture.set(),
        [
            "crate-env.nix",
            "d/.#lock -> me@host.1",
            "d/out -> ../../x",
            "d/result -> /nix/store/x"
        ]
    );
}

#[test]
fn special_files_are_refused_when_named_and_passed_over_when_not() {
    let fixture = Fixture::new(&[("crate-env.nix", "./d"), ("d/kept", "")]);
    let fifo = fixture.directory.join("d/fifo");
    common::success(Command::new("mkfifo").arg(&fifo));
    assert_eq!(fixture.set(), ["crate-env.nix", "d/kept"]);
    fixture.write(&[("crate-env.nix", "{ a = ./d/fifo; }")]);
    insta::assert_snapshot!("special", fixture.fault());
}

#[test]
fn what_is_not_utf8_has_a_place() {
    let fixture = Fixture::new(&[("crate-env.nix", "")]);
    std::fs::write(
        fixture.directory.join("crate-env.nix"),
        b"{\n  # gr\xc3\xbcn \xfcber\n}\n",
    )
    .unwrap();
    insta::assert_snapshot!("contents_not_utf8", fixture.fault());

    let named = Fixture::new(&[("crate-env.nix", "{ d = ./d; }"), ("d/kept", "")]);
    let name = std::os::unix::ffi::OsStringExt::from_vec(b"caf\xe9".to_vec());
    let name: std::ffi::OsString = name;
    std::fs::write(named.directory.join("d").join(name), "").unwrap();
    insta::assert_snapshot!("name_not_utf8", named.fault());
}

/// A stranger's file may be made so that reading it takes minutes.
#[test]
fn a_file_that_takes_too_long_to_be_read_has_a_place() {
    let text = format!("{{ x = 1{}; }}", "+1".repeat(200_000));
    insta::assert_snapshot!("too_long", Fixture::new(&[("crate-env.nix", &text)]).fault());
    // A long string is no word.
    let text = format!(
        "{{ rust }}: {{ toolchain = rust.default; env.LONG = \"{}\"; }}",
        "a".repeat(200_000)
    );
    Fixture::new(&[("crate-env.nix", &text)]).inputs();
}

#[test]
fn a_cargo_toml_with_our_name_has_to_be_toml() {
    let fixture = Fixture::new(&[
        ("crate-env.nix", "{ }"),
        ("Cargo.toml", "[package]\nname = \n# cargo-nix\n"),
    ]);
    insta::assert_snapshot!("cargo_toml", fixture.fault());
    fixture.write(&[("Cargo.toml", "[package\n")]);
    assert_eq!(fixture.set(), ["crate-env.nix"], "any other is not even parsed");
}

#[test]
fn looking_at_the_machine_is_refused_also_on_a_hit() {
    let fixture = Fixture::new(&[
        ("crate-env.nix", "{ }: import ./a.nix"),
        (
            "a.nix",
            "{\n  home = builtins.getEnv \"HOME\";\n  now = builtins.currentTime;\n}\n",
        ),
    ]);
    for _ in 0..2 {
        let message = fixture.inputs().check_pure().expect_err("a fault").to_string();
        insta::assert_snapshot!("get_env", fixture.without_paths(&message));
    }
    let flake = Fixture::new(&[
        ("crate-env.nix", "{ }"),
        ("flake.nix", "builtins.getEnv \"HOME\""),
    ]);
    flake.inputs().check_pure().expect("the flake's own business");
}

/// The environment may be made of any part of it.
#[test]
fn a_flake_with_our_output_is_held_to_it() {
    let flake = "{\n  outputs = _: {\n    cargoNix = import ./a.nix;\n    x = builtins.currentSystem;\n    \
                 home = builtins.getEnv \"HOME\";\n  };\n}\n";
    let fixture = Fixture::new(&[
        ("crate-env.nix", "{ }"),
        ("flake.nix", flake),
        ("a.nix", "[ builtins.nixVersion builtins.currentTime ]"),
    ]);
    let message = fixture.inputs().check_pure().expect_err("a fault").to_string();
    insta::assert_snapshot!("get_env_of_a_flake", fixture.without_paths(&message));
}

/// Where the evaluation would say so itself, what is not used does no harm.
#[test]
fn what_may_be_imported_is_held_to_it() {
    for (name, text) in [
        ("a.nix", "n: import ./${n}.nix"),
        ("crate2/a.nix", "n: import ./crate2/${n}.nix"),
        ("plain", "let f = ./plain; in import f"),
    ] {
        let fixture = Fixture::new(&[
            ("Cargo.toml", "[package]"),
            ("crate2/Cargo.toml", "[package]"),
            ("crate-env.nix", text),
            (name, "builtins.currentSystem"),
        ]);
        fixture
            .inputs()
            .check_pure()
            .expect("it is told where it is used");
        fixture.write(&[(name, "builtins.getEnv \"HOME\"")]);
        let message = fixture.inputs().check_pure().expect_err("a fault").to_string();
        assert!(message.contains(&format!("{name}:1:10")), "{message}");
    }
}

/// Sparse: it would take long to hash, and it is not begun.
#[test]
fn more_than_can_be_meant_is_refused_unread() {
    let fixture = Fixture::new(&[("crate-env.nix", "{ env.D = ./data; }"), ("data/small", "")]);
    assert_eq!(fixture.set(), ["crate-env.nix", "data/small"]);
    let big = std::fs::File::create(fixture.directory.join("data/big")).expect("made");
    big.set_len(20 << 30).expect("a file with a hole");
    insta::assert_snapshot!("too_much", fixture.fault());
}

#[test]
fn a_file_that_grew_beyond_it_is_not_read_either() {
    let fixture = Fixture::new(&[("crate-env.nix", "{ env.D = ./data; }"), ("data/big", "")]);
    assert_eq!(fixture.set(), ["crate-env.nix", "data/big"]);
    let big = std::fs::File::create(fixture.directory.join("data/big")).expect("made");
    big.set_len(20 << 30).expect("a file with a hole");
    insta::assert_snapshot!("too_much", fixture.fault());
}

/// A prompt may look at it again and again: nothing is read before all is found.
#[test]
fn of_more_than_that_nothing_is_read() {
    let fixture = Fixture::new(&[("crate-env.nix", "{ env.D = ./data; }"), ("data/small", "")]);
    let paths = ["a", "b", "c"].map(|name| fixture.directory.join("data").join(name));
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    for path in &paths {
        let file = std::fs::File::create(path).expect("made");
        file.set_len(200 << 20).expect("a file with a hole");
        file.set_times(std::fs::FileTimes::new().set_accessed(long_ago))
            .expect("a time");
    }
    assert!(fixture.fault().contains("larger than 512 MiB"));
    for path in &paths {
        let accessed = path.metadata().expect("it is there").accessed().expect("a time");
        assert_eq!(accessed, long_ago, "{}", path.display());
    }
}
