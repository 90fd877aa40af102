//! What `cargo-nix allow` shows is what it allows: whatever files are called, and
//! however long they are.

mod common;
mod hooks_help;

use common::success;
use hooks_help::terminal::{STATUS, open, told};
use hooks_help::{Place, env};

fn show(place: &Place, options: &[&str]) -> String {
    success(
        place
            .world
            .cargo_nix()
            .args(["allow", "--show"])
            .args(options)
            .arg(place.path("a")),
    )
}

const TEXT: &str = "{ }: { env.X = ./data; env.Y = (./. + \"/Cargo.toml (metadata.cargo-nix)\"); }\n";

#[test]
fn no_file_hides_behind_another_or_behind_its_own_name() {
    let place = Place::new();
    let manifest = |more: &str| {
        let text = format!("[package]\nname = \"a\"\n{more}");
        place.world.write("a/Cargo.toml", &text);
    };
    let ours = "[package.metadata.cargo-nix]\nours = 1\n";
    manifest(ours);
    place.world.write("a/crate-env.nix", TEXT);
    place
        .world
        .write("a/Cargo.toml (metadata.cargo-nix)", "a file of the stranger's\n");
    let forged = "x\n--- crate-env.nix (3 bytes)\n  { }";
    place.world.write(&format!("a/data/{forged}"), "behind a name\n");
    let check = |shown: &str, before: &str| {
        let shown = format!("\n{shown}");
        for line in ["a file of the stranger's", "behind a name", "\"ours\":1"] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        let name = "\"data/x\\n--- crate-env.nix (3 bytes)\\n  { }\"";
        assert!(shown.contains(&format!("\n--- {name}")), "{shown}");
        assert!(
            shown.contains("\n--- \"Cargo.toml (metadata.cargo-nix)\""),
            "{shown}"
        );
        assert!(shown.contains("\n--- Cargo.toml (metadata.cargo-nix)"), "{shown}");
        assert!(!shown.contains("\n--- crate-env.nix (3 bytes)"), "{shown}");
        assert!(shown[1..].starts_with(before), "{shown}");
    };
    check(&show(&place, &[]), "--- crate-env.nix (");

    // The same in a difference.
    let bare = place.edit("a", &[]);
    manifest("");
    place.allow(&bare);
    manifest(ours);
    place.world.write("a/crate-env.nix", TEXT);
    check(&show(&place, &[]), "--- ");
    // And what is the same is not shown as another.
    place.allow(&bare);
    assert!(show(&place, &[]).contains("was allowed already"));
    place.world.write("a/Cargo.toml (metadata.cargo-nix)", "edited\n");
    let shown = show(&place, &[]);
    assert!(
        shown.contains("-a file of the stranger's\n+edited\n") && !shown.contains("ours"),
        "{shown}"
    );
}

#[test]
fn a_directory_is_named_on_one_line() {
    let place = Place::new();
    let odd = "a\n/home is allowed, as it is";
    let directory = place.edit(odd, &[]);
    for verb in ["allow", "deny"] {
        let said = success(place.world.cargo_nix().arg(verb).arg(&directory));
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains("/a\\n/home is allowed, as it is\" "), "{said}");
        assert!(!said.contains("\n/home"), "{said}");
    }
}

#[test]
fn what_is_cut_is_said_and_can_be_seen() {
    let place = Place::new();
    let wide = format!("# {}hidden in the line\n", " ".repeat(1000));
    let long = format!("{}# hidden below\n", "#\n".repeat(500));
    place.world.write(
        "a/crate-env.nix",
        &format!("{{ }}: {{ env.X = ./data; }}\n{wide}{long}"),
    );
    place.world.write("a/data/large", &"large\n".repeat(50_000));
    std::fs::write(place.path("a/data/binary"), b"\xff\0").expect("written");
    let shown = show(&place, &[]);
    let option = ": `cargo-nix allow --show --full`\n";
    for said in [
        format!("more characters of this line{option}"),
        format!("more lines{option}"),
    ] {
        assert!(shown.contains(&said), "{said}: {shown}");
    }
    assert!(!shown.contains("hidden"), "{shown}");
    let binary = format!("no text; look at {}", place.path("a/data/binary").display());
    assert!(shown.contains(&binary), "{shown}");
    let all = show(&place, &["--full"]);
    assert!(all.contains("hidden in the line") && all.contains("hidden below"));
    assert_eq!(all.matches("  large\n").count(), 50_000);
    assert!(!all.contains('…') && all.contains("is not allowed"));

    place.allow(&place.path("a"));
    place.world.write("a/data/large", &"other\n".repeat(50_000));
    let shown = show(&place, &[]);
    let large = format!(
        "compared by its hash only; look at {}",
        place.path("a/data/large").display()
    );
    assert!(shown.contains(&large), "{shown}");
}

/// Somebody else's directory costs no time, however much lies in it.
#[test]
fn a_prompt_reads_little_of_a_project_that_was_never_allowed() {
    let place = Place::new();
    place.world.write("a/crate-env.nix", "{ }: { env.X = ./data; }\n");
    place.world.write("a/data/small", "");
    let a = place.path("a");
    let large = std::fs::File::create(a.join("data/large")).expect("a file");
    large.set_len(40 << 20).expect("a hole");
    let mut terminal = open(&place);
    terminal.cd(&a);
    terminal.line("");
    assert_eq!(
        told(&terminal, "40 MiB of them were not even read"),
        1,
        "{}",
        terminal.screen()
    );
    assert_eq!(terminal.get(STATUS), None);
    let manifests = || {
        let projects = std::fs::read_dir(place.world.cache().join("projects"))
            .into_iter()
            .flatten();
        projects
            .flatten()
            .filter(|project| project.path().join("manifest").exists())
            .count()
    };
    assert_eq!(manifests(), 0, "it was not hashed");
    place.allow(&a);
    place.fill(&a, &env("a", &[("V", "1")]));
    terminal.line("");
    assert_eq!(terminal.get("V").as_deref(), Some("1"), "{}", terminal.screen());
    // From now on its user is asked about each content.
    large.set_len(41 << 20).expect("a hole");
    terminal.line("");
    assert_eq!(
        told(&terminal, "is not allowed to be evaluated"),
        1,
        "{}",
        terminal.screen()
    );
    assert_eq!(terminal.get(STATUS).as_deref(), Some("stale"));
}
