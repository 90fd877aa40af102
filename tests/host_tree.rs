//! What units see of the machine, as dpkg's database tells it: of a machine made
//! up for the test.

use cargo_nix::host::tree::Tree;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Packages: name, version, what it needs, its files.
const PACKAGES: [(&str, &str, &str, &[&str]); 5] = [
    ("dpkg", "1.21", "", &[]),
    (
        "gcc",
        "12.2",
        "gcc-12 (>= 12.2), libc6-dev | libc-dev",
        &["/usr/bin/gcc", "/usr/share/doc/gcc/README"],
    ),
    (
        "gcc-12",
        "12.2.0-1",
        "",
        &["/usr/bin/gcc-12", "/usr/lib/gcc/12/cc1"],
    ),
    ("libc6-dev", "2.36", "", &["/usr/include", "/usr/include/stdio.h"]),
    ("libz-dev", "1.2", "libz1", &["/usr/include/z.h", "/lib/libz.so"]),
];

struct Machine {
    root: TempDir,
}

impl Machine {
    fn new() -> Machine {
        let machine = Machine {
            root: tempfile::tempdir().unwrap(),
        };
        let mut status = String::new();
        for (name, version, needs, files) in PACKAGES {
            status += &format!(
                "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\nDepends: {needs}\n\n"
            );
            machine.write(
                &format!("/var/lib/dpkg/info/{name}.list"),
                &(files.join("\n") + "\n"),
            );
            for file in files.iter().filter(|file| **file != "/usr/include") {
                let place = file
                    .replace("/lib/libz.so", "/usr/lib/libz.so")
                    .replace("/usr/usr", "/usr");
                machine.write(&place, file);
            }
        }
        machine.write("/var/lib/dpkg/status", &status);
        for (link, target) in [
            ("lib", "usr/lib"),
            ("usr/bin/cc", "/etc/alternatives/cc"),
            ("usr/bin/vi", "/etc/alternatives/vi"),
        ] {
            symlink(target, machine.at(link)).unwrap();
        }
        for (name, target) in [("cc", "/usr/bin/gcc-12"), ("vi", "/usr/bin/vim")] {
            machine.write(
                &format!("/var/lib/dpkg/alternatives/{name}"),
                &format!("auto\n/usr/bin/{name}\n\n{target}\n10\n\n"),
            );
            std::fs::create_dir_all(machine.at("etc/alternatives")).unwrap();
            symlink(target, machine.at(&format!("etc/alternatives/{name}"))).unwrap();
        }
        machine.write("/usr/share/unowned", "x");
        machine.write("/usr/local/lib/libmine.a", "x");
        machine
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn tree(&self) -> Tree {
        Tree::find(self.root.path(), &["libz-dev"], &[]).expect("a tree")
    }

    fn files(&self, described: &[&str]) -> Vec<String> {
        let described: Vec<&Path> = described.iter().map(Path::new).collect();
        let tree = Tree::find(self.root.path(), &["libz-dev"], &described).expect("a tree");
        tree.import().files
    }
}

#[test]
fn it_holds_what_packages_own_and_the_links_to_that() {
    let machine = Machine::new();
    let owned = [
        "etc/alternatives/cc",
        "lib",
        "usr/bin/cc",
        "usr/bin/gcc",
        "usr/bin/gcc-12",
        "usr/include/stdio.h",
        "usr/include/z.h",
        "usr/lib/gcc/12/cc1",
        "usr/lib/libz.so",
    ];
    assert_eq!(machine.files(&[]), owned);
    assert_eq!(machine.tree().mounts, ["/usr", "/lib", "/etc/alternatives"]);
    let described = machine.files(&["/usr/local/lib/libmine.a"]);
    assert!(described.contains(&"usr/local/lib/libmine.a".to_owned()) && described.len() == owned.len() + 1);
}

/// The package of a described file counts, too, whatever it is called.
#[test]
fn it_holds_what_owns_a_described_file() {
    let machine = Machine::new();
    let of = |files: &[&str]| {
        let files: Vec<&Path> = files.iter().map(Path::new).collect();
        let tree = Tree::find(machine.root.path(), &[], &files).expect("a tree");
        tree.import().files.contains(&"usr/include/z.h".to_owned())
    };
    assert!(!of(&[]));
    assert!(of(&["/lib/libz.so"]) && of(&["/usr/lib/libz.so"]));
}

#[test]
fn every_change_of_a_file_or_a_package_is_another_tree() {
    let machine = Machine::new();
    let mut seen = vec![machine.tree().id];
    let mut changed = |what: &str| {
        let tree = machine.tree();
        assert_eq!(tree.id, machine.tree().id, "stable after {what}");
        assert_eq!(tree.id, tree.now(), "{what}");
        assert!(!seen.contains(&tree.id), "{what}");
        seen.push(tree.id);
    };
    let before = machine.tree();
    // The clock of the file system may stand still between two writes.
    std::thread::sleep(std::time::Duration::from_millis(20));
    machine.write("/usr/include/z.h", "/USR/INCLUDE/Z.H");
    assert_ne!(before.now(), before.id);
    changed("a header was written in place, in the same size");
    std::fs::remove_file(machine.at("/usr/lib/gcc/12/cc1")).unwrap();
    changed("a file is gone");
    std::fs::remove_file(machine.at("/etc/alternatives/cc")).unwrap();
    symlink("/usr/bin/gcc", machine.at("/etc/alternatives/cc")).unwrap();
    changed("an alternative was chosen");
    let status = std::fs::read_to_string(machine.at("/var/lib/dpkg/status")).unwrap();
    machine.write(
        "/var/lib/dpkg/status",
        &status.replace("Version: 2.36", "Version: 2.37"),
    );
    changed("a package has another version");
}

#[test]
fn what_is_not_in_it_does_not_count() {
    let machine = Machine::new();
    let before = machine.tree().id;
    machine.write("/usr/share/unowned", "y");
    machine.write("/usr/share/doc/gcc/README", "y");
    machine.write("/usr/local/lib/libmine.a", "y");
    machine.write("/usr/include/new.h", "y");
    assert_eq!(machine.tree().id, before);
}

#[test]
fn a_machine_that_is_not_described_has_none() {
    let machine = Machine::new();
    std::fs::remove_file(machine.at("lib")).unwrap();
    std::fs::create_dir(machine.at("lib")).unwrap();
    assert_eq!(
        Tree::find(machine.root.path(), &[], &[]),
        None,
        "/usr is not merged"
    );
    let machine = Machine::new();
    std::fs::remove_file(machine.at("var/lib/dpkg/status")).unwrap();
    assert_eq!(Tree::find(machine.root.path(), &[], &[]), None, "no dpkg");
}
