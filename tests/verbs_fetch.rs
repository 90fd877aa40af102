//! `cargo-nix fetch`: cargo's home links to sources in the store, and cargo
//! does not notice.

mod common;

use common::units::{Units, remove_target};
use common::{both, run, success};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A project over one crate of the registry, and a `CARGO_HOME` of its own.
struct Fetching {
    units: Units,
    project: PathBuf,
    home: PathBuf,
}

impl Fetching {
    fn new() -> Fetching {
        let units = Units::new();
        let main = "fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }";
        let project = units.project("fetching", "itoa = \"=1.0.11\"", main);
        let home = units.world.path().join("cargo-home");
        let fetching = Fetching { units, project, home };
        success(fetching.plain_cargo().arg("generate-lockfile"));
        fetching
    }

    fn plain_cargo(&self) -> Command {
        let mut command = self.units.plain_cargo(&self.project);
        command.env("CARGO_HOME", &self.home);
        command
    }

    fn fetch(&self, arguments: &[&str]) -> Output {
        let mut path = PathBuf::from(&self.units.toolchain).join("bin").into_os_string();
        path.push(":/usr/bin:/bin");
        let mut command = self.units.world.cargo_nix();
        command.arg("fetch").args(arguments);
        run(command
            .current_dir(&self.project)
            .env("CARGO_HOME", &self.home)
            .env("PATH", path))
    }

    /// Standard error of a fetch that succeeds.
    fn fetched(&self, arguments: &[&str]) -> String {
        let output = self.fetch(arguments);
        assert!(output.status.success(), "{}", both(&output));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// The one package below `registry/<what>`.
    fn package(&self, what: &str, name: &str) -> PathBuf {
        let registries = std::fs::read_dir(self.home.join("registry").join(what)).unwrap();
        let mut found = registries.map(|entry| entry.unwrap().path().join(name));
        found.find(|path| path.symlink_metadata().is_ok()).expect(name)
    }

    fn source(&self) -> PathBuf {
        self.package("src", "itoa-1.0.11")
    }
}

fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn cargos_home_holds_links_and_cargo_builds_as_before() {
    let fetching = Fetching::new();
    let units = &fetching.units;
    let said = fetching.fetched(&[]);
    assert!(
        said.contains("1 source linked to the store, 0 were before"),
        "{said}"
    );
    let source = fetching.source();
    let stored = std::fs::read_link(&source).expect("a link");
    assert!(
        stored.starts_with(units.world.store_dir()),
        "{}",
        stored.display()
    );
    assert_eq!(text(source.join(".cargo-ok")), "{\"v\":1}");
    let mut query = units
        .world
        .command(common::nix_program().with_file_name("nix-store"));
    let roots = success(query.args(["--query", "--roots"]).arg(&stored));
    assert!(
        roots.contains(source.to_str().unwrap()),
        "the link is a root:\n{roots}"
    );

    let said = fetching.fetched(&["--offline"]);
    assert!(
        said.contains("0 sources linked to the store, 1 were before"),
        "{said}"
    );
    let left = std::fs::read_dir(source.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "nothing else is left");

    // With and without us, from the link and from a directory: the same unit.
    success(fetching.plain_cargo().args(["build", "--offline"]));
    remove_target(&fetching.project);
    success(
        units
            .cargo(&fetching.project)
            .env("CARGO_HOME", &fetching.home)
            .arg("build"),
    );
    remove_target(&fetching.project);
    let output = run(units.cargo(&fetching.project).arg("build"));
    assert!(output.status.success(), "{}", both(&output));
    let told = success(units.world.cargo_nix().args(["stats", "--last", "1"]));
    assert!(
        told.lines()
            .nth(1)
            .is_some_and(|line| line.contains("2     1      0      1")),
        "{told}"
    );
}

#[test]
fn what_is_not_as_it_was_published_is_told_and_left() {
    let fetching = Fetching::new();
    fetching.fetched(&["--quiet"]);
    let source = fetching.source();

    // A link that leads nowhere, as after the loss of a store.
    let wanted = std::fs::read_link(&source).unwrap();
    let gone = fetching
        .units
        .world
        .store_dir()
        .join("00000000000000000000000000000000-itoa-1.0.11");
    std::fs::remove_file(&source).unwrap();
    std::os::unix::fs::symlink(&gone, &source).unwrap();
    let swept = run(fetching
        .units
        .world
        .cargo_nix()
        .args(["gc", "--dry-run"])
        .env("CARGO_HOME", &fetching.home));
    assert!(
        both(&swept).contains("would remove 1 link of cargo's home that leads nowhere"),
        "{}",
        both(&swept)
    );
    fetching.fetched(&["--offline"]);
    assert_eq!(std::fs::read_link(&source).unwrap(), wanted);
    std::fs::remove_file(&source).unwrap();
    std::os::unix::fs::symlink(&gone, &source).unwrap();
    success(
        fetching
            .units
            .world
            .cargo_nix()
            .arg("gc")
            .env("CARGO_HOME", &fetching.home),
    );
    assert!(source.symlink_metadata().is_err());

    // A directory that the user edited.
    success(fetching.plain_cargo().arg("fetch"));
    for (file, text) in [("src/lib.rs", "edited"), ("src/new.rs", "new")] {
        let path = source.join(file);
        let before = std::fs::read(&path).ok();
        std::fs::write(&path, text).unwrap();
        let said = fetching.fetched(&[]);
        assert!(
            said.contains(&format!("{} is not what cargo unpacked", path.display())),
            "{said}"
        );
        assert_eq!(self::text(&path), text);
        match before {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    }
    assert!(source.symlink_metadata().unwrap().is_dir());

    // A download that is not what Cargo.lock says.
    let archive = fetching.package("cache", "itoa-1.0.11.crate");
    let mut bytes = std::fs::read(&archive).unwrap();
    bytes.push(0);
    std::fs::write(&archive, bytes).unwrap();
    let output = fetching.fetch(&[]);
    assert_eq!(output.status.code(), Some(4), "{}", both(&output));
    let lock = text(fetching.project.join("Cargo.lock"));
    let sum = lock
        .lines()
        .find_map(|line| line.strip_prefix("checksum = \"")?.strip_suffix('"'))
        .unwrap();
    for part in [
        "itoa-1.0.11 is not what Cargo.lock says",
        sum,
        archive.to_str().unwrap(),
    ] {
        assert!(both(&output).contains(part), "{part}:\n{}", both(&output));
    }
    assert!(source.symlink_metadata().unwrap().is_dir());
}
