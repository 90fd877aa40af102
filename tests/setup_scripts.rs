//! What the set-up takes from the machine's own configuration, and what it does:
//! the real scripts, with programs beside them that only note that they were called.

mod common;

use common::{World, both, repository, run, success, through};
use std::path::PathBuf;
use std::process::{Command, Output};

/// The mirror that is found below `<world>/apt`.
fn mirror(world: &World) -> String {
    let mut command = world.command("bash");
    command.args([
        "-euo",
        "pipefail",
        "-c",
        ". scripts/setup/common.sh; apt_configuration=$1 && debian_mirror",
        "bash",
    ]);
    let output = run(command.arg(world.path().join("apt")).current_dir(repository()));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_mirror_of_each_kind_of_source_is_found() {
    let sources = "Types: deb deb-src\nURIs: URI\nSuites: bookworm\nComponents: main\n";
    let expected = "http://mirror.example/debian\n";
    for (file, text) in [
        (
            "sources.list",
            "deb [arch=amd64] http://mirror.example/debian bookworm main\n".to_owned(),
        ),
        (
            "sources.list.d/debian.sources",
            sources.replace("URI\n", "http://mirror.example/debian\n"),
        ),
    ] {
        let world = World::new();
        world.write(&format!("apt/{file}"), &text);
        assert_eq!(mirror(&world), expected, "{file}");
    }
    assert_eq!(mirror(&World::new()), "", "no sources");
}

/// Images for clouds have their mirrors in files of their own.
#[test]
fn the_mirror_of_a_list_is_found() {
    let world = World::new();
    let list = |name: &str| format!("URIs: mirror+file://{}\n", world.path().join(name).display());
    world.write("security", "http://mirror.example/debian-security\n");
    world.write(
        "main",
        "# of this image\nhttp://mirror.example/debian priority:1\nhttp://other.example/debian\n",
    );
    world.write(
        "apt/sources.list.d/debian.sources",
        &(list("security") + &list("main")),
    );
    assert_eq!(mirror(&world), "http://mirror.example/debian\n");
    world.write("main", "http://other.example/debian/\n");
    assert_eq!(mirror(&world), "http://other.example/debian/\n");
}

/// A copy of the scripts on a Debian 13 of its own, where nothing is installed.
struct Machine {
    world: World,
}

impl Machine {
    fn new() -> Machine {
        let world = World::new();
        world.project("scripts", "scripts");
        let common = world.path().join("scripts/setup/common.sh");
        let text = std::fs::read_to_string(&common).expect("common.sh");
        let [release, apt] = ["os-release", "apt"].map(|name| world.path().join(name).display().to_string());
        let text = text
            .replace("/etc/os-release", &release)
            .replace("apt_configuration=/etc/apt", &format!("apt_configuration={apt}"));
        std::fs::write(&common, text).expect("written");
        world.write("os-release", "ID=debian\nVERSION_CODENAME=trixie\n");
        world.write(
            "apt/sources.list",
            "deb http://mirror.example/debian trixie main\n",
        );
        let machine = Machine { world };
        machine.program("pkg-config", "exit 1");
        machine.program("cargo", "");
        machine.program(
            "dpkg-query",
            "shift 3; for name; do echo \"$name installed\"; done",
        );
        machine
    }

    /// A program that notes its call, then does `then`.
    fn program(&self, name: &str, then: &str) {
        let log = self.world.path().join("calls");
        let text = format!("echo \"{name} $*\" >>'{}'\n{then}", log.display());
        self.world.script(&format!("bin/{name}"), &text);
    }

    fn command(&self, script: &str) -> Command {
        let bin = self.world.path().join("bin");
        let theirs = common::test_path();
        let path = std::iter::once(bin).chain(std::env::split_paths(&theirs));
        let mut command = self.world.command("bash");
        command.arg(self.world.path().join("scripts").join(script));
        command.env("PATH", std::env::join_paths(path).expect("no colon"));
        command
    }

    fn set_up(&self) -> Output {
        run(&mut self.command("setup.sh"))
    }

    /// How often a program was called so.
    fn calls(&self, call: &str) -> usize {
        let log = std::fs::read_to_string(self.world.path().join("calls")).unwrap_or_default();
        log.lines().filter(|line| line.starts_with(call)).count()
    }

    fn prefix(&self) -> PathBuf {
        let ask = ". \"$0\"; printf '%s' \"$libnix_prefix\"";
        let common = self.world.path().join("scripts/setup/common.sh");
        success(self.world.command("bash").args(["-c", ask]).arg(common)).into()
    }

    /// The directory of the `nix` program that belongs to libnix.
    fn nix_bin(&self) -> String {
        self.world
            .write("scripts/ask.sh", ". \"${0%/*}/setup/common.sh\"; nix_bin\n");
        success(&mut self.command("ask.sh")).trim().to_owned()
    }

    /// The programs that build libnix; the compiler runs until `compiles`.
    fn builders(&self, compiles: &str) {
        self.program("apt-get", "case \"$*\" in *--download-only*) : >it.dsc ;; esac");
        self.program("dpkg-source", "mkdir \"$4\"; echo 2.26.3 >\"$4/.version\"");
        self.program("meson", "");
        let bin = self.prefix().join("bin");
        self.program(
            "ninja",
            &format!(
                "case \"$*\" in\n*install) mkdir -p '{0}'; echo 'exit 0' >'{0}/nix'; cp '{0}/nix' '{0}/nix-daemon'; \
                 chmod +x '{0}'/* ;;\n*) {compiles} ;;\nesac",
                bin.display()
            ),
        );
    }
}

/// A step that was killed with the set-up is done again, those before it are not;
/// nothing below the machine's apt configuration is touched.
#[test]
fn an_interrupted_set_up_goes_on_where_it_stopped() {
    let machine = Machine::new();
    machine.builders("kill -9 -- -$(ps -o pgid= $$ | tr -d ' ')");
    let output = run(&mut through(&["setsid", "--wait"], &machine.command("setup.sh")));
    assert!(!output.status.success(), "{}", both(&output));
    let complete = machine.prefix().join(".complete");
    assert!(!complete.exists());
    assert_eq!(
        (machine.calls("dpkg-source"), machine.calls("meson setup")),
        (2, 1)
    );

    machine.builders(":");
    let output = machine.set_up();
    assert!(output.status.success() && complete.exists(), "{}", both(&output));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("libnix: compiling Nix ...\n") && told.contains("libnix: installing into "),
        "{told}"
    );
    assert!(!told.contains("fetching the sources"), "{told}");
    assert_eq!(
        (machine.calls("dpkg-source"), machine.calls("meson setup")),
        (2, 1)
    );

    let apt = machine.world.path().join("apt");
    let files: Vec<_> = std::fs::read_dir(&apt)
        .expect("apt")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(files, ["sources.list"]);
    let sources = std::fs::read_to_string(apt.join("sources.list")).expect("sources");
    assert_eq!(sources, "deb http://mirror.example/debian trixie main\n");
    assert_eq!(
        machine.calls("apt-get") - machine.calls("apt-get -o Dir::Etc::sourcelist="),
        0,
        "each has its own lists"
    );
}

#[test]
fn a_finished_set_up_says_nothing_and_calls_nobody() {
    let machine = Machine::new();
    machine.builders("exit 1");
    let complete = machine.prefix().join(".complete");
    std::fs::create_dir_all(complete.parent().expect("the prefix")).expect("made");
    std::fs::write(&complete, "2\n").expect("written");
    let output = machine.set_up();
    assert!(output.status.success(), "{}", both(&output));
    assert!(
        output.stdout.is_empty() && output.stderr.is_empty(),
        "{}",
        both(&output)
    );
    for name in ["apt-get", "meson", "ninja"] {
        assert_eq!(machine.calls(name), 0, "{name}");
    }
}

#[test]
fn without_root_one_command_names_all_that_is_missing() {
    let machine = Machine::new();
    machine.program("id", "echo 1000");
    machine.program("dpkg-query", "");
    machine.program("apt-get", "");
    let output = machine.set_up();
    assert_eq!(output.status.code(), Some(1), "{}", both(&output));
    let told = String::from_utf8_lossy(&output.stderr);
    let commands: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("apt-get install"))
        .collect();
    let [command] = commands.as_slice() else {
        panic!("{told}")
    };
    assert!(
        command.starts_with("  sudo apt-get install -y --no-install-recommends "),
        "{told}"
    );
    assert!(
        command.contains(" meson ") && command.contains(" pkg-config"),
        "{told}"
    );
    assert_eq!(machine.calls("apt-get"), 0);
}

/// What pkg-config finds comes before what was built.
#[test]
fn libnix_is_looked_for_in_the_order_that_is_promised() {
    let machine = Machine::new();
    assert_eq!(machine.nix_bin(), "");
    machine
        .world
        .write(&format!("{}/.complete", machine.prefix().display()), "1\n");
    assert_eq!(machine.nix_bin(), "", "of an older recipe");
    machine
        .world
        .write(&format!("{}/.complete", machine.prefix().display()), "2\n");
    assert_eq!(
        machine.nix_bin(),
        machine.prefix().join("bin").to_str().expect("UTF-8")
    );
    let found = machine.world.script("found/bin/nix", "exit 0");
    let prefix = found.ancestors().nth(2).expect("a prefix").display().to_string();
    machine.program(
        "pkg-config",
        &format!("case $1 in --variable=prefix) echo '{prefix}' ;; esac"),
    );
    assert_eq!(machine.nix_bin(), format!("{prefix}/bin"));
}
