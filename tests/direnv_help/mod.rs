//! A project under a real direnv: what its shell does at each prompt, without
//! the shell. Loading is `direnv export json`, whose answer is laid over the
//! variables, as a shell's hook does.
#![allow(dead_code)]

use crate::common::{self, World, both, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// An environment that costs no toolchain: `greeting` in GREETING.
pub fn shell(greeting: &str) -> String {
    shell_with(greeting, "")
}

/// The same, with more variables in the derivation that it is.
pub fn shell_with(greeting: &str, more: &str) -> String {
    format!("{{ rust }}:\n{{ toolchain = rust.default; env.GREETING = \"{greeting}\"; {more} }}\n")
}

/// Variables of a process that stays where it is while directories change.
pub struct Session {
    pub world: World,
    /// The directory at hand.
    pub directory: PathBuf,
    /// Those that direnv set or changed; `None`: it unset it.
    pub variables: BTreeMap<OsString, Option<OsString>>,
    /// What direnv said the last time.
    pub said: String,
    /// Who asks: `direnv export <this>`. Prompts speak bash, and so do we.
    bin: PathBuf,
}

impl Session {
    /// A world with our extension in direnv's configuration and cargo-nix on PATH.
    pub fn new() -> Session {
        let world = World::new();
        common::success(world.cargo_nix().args(["direnv", "install"]));
        Session::over(world)
    }

    pub fn over(world: World) -> Session {
        let bin = world.path().join("bin");
        std::fs::create_dir_all(&bin).expect("a directory of programs");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cargo-nix"), bin.join("cargo-nix")).expect("a link");
        Session {
            directory: world.path().join("project"),
            world,
            variables: BTreeMap::new(),
            said: String::new(),
            bin,
        }
    }

    /// A session with a project of one crate-env.nix, allowed.
    pub fn with(crate_env: &str) -> Session {
        let session = Session::new();
        session.write("crate-env.nix", crate_env);
        session.envrc("use cargo-nix\n");
        session
    }

    /// Writes `project/<path>`.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(&path, text).expect("a file of the project");
        path
    }

    /// Writes the .envrc and allows it.
    pub fn envrc(&self, text: &str) {
        self.write(".envrc", text);
        let output = run(self.program("direnv").arg("allow"));
        assert!(output.status.success(), "{}", both(&output));
    }

    /// A program in the directory at hand, with the variables as they are now.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.world.command(program);
        command.env("PATH", self.programs()).current_dir(&self.directory);
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// PATH as it is outside.
    pub fn programs(&self) -> OsString {
        let path = common::test_path();
        let ours = std::iter::once(self.bin.clone());
        std::env::join_paths(ours.chain(std::env::split_paths(&path))).expect("a PATH")
    }

    /// From now on, a shell that has all programs there are but cargo-nix, which
    /// whoever runs the tests may have. Where these are.
    pub fn without_cargo_nix(&mut self) -> PathBuf {
        let others = self.world.path().join("others");
        std::fs::create_dir(&others).expect("a directory");
        for directory in std::env::split_paths(&self.programs()) {
            for program in std::fs::read_dir(directory).into_iter().flatten().flatten() {
                if program.file_name() != "cargo-nix" {
                    // The first one of a name counts.
                    let _ = std::os::unix::fs::symlink(program.path(), others.join(program.file_name()));
                }
            }
        }
        self.variables.clear();
        self.variables.insert("PATH".into(), Some(others.clone().into()));
        others
    }

    /// One prompt; whether direnv loaded anything.
    pub fn prompt(&mut self) -> bool {
        self.load("bash")
    }

    /// `direnv export <shell>`, applied.
    pub fn load(&mut self, shell: &str) -> bool {
        let direnv = self.export(shell);
        let output = run(&mut { direnv });
        self.said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}", both(&output));
        if shell == "json" {
            self.apply_json(&output.stdout);
        } else {
            self.apply_bash(&output.stdout);
        }
        !output.stdout.is_empty()
    }

    /// The command of [`Session::load`].
    pub fn export(&self, shell: &str) -> Command {
        let mut command = self.program("direnv");
        command.args(["export", shell]);
        command
    }

    fn apply_json(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let changes: BTreeMap<String, Value> = serde_json::from_slice(text).expect("JSON of direnv");
        for (name, value) in changes {
            let value = value.as_str().map(OsString::from);
            self.variables.insert(name.into(), value);
        }
    }

    /// Has bash read it, as a prompt does, and tell all it then has.
    fn apply_bash(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let file = self.world.path().join("changes.bash");
        let environ = self.world.path().join("environ");
        std::fs::write(&file, text).expect("a file");
        let mut bash = self.program("bash");
        let script = "direnv_text=$1 cargo_nix=$2 environ=$3; . \"$direnv_text\"; exec \"$cargo_nix\" environ \"$environ\"";
        bash.args(["--norc", "-c", script, "bash"])
            .arg(&file)
            .arg(env!("CARGO_BIN_EXE_cargo-nix"))
            .arg(&environ);
        let before = self.all();
        let output = run(&mut bash);
        assert!(output.status.success(), "{}", both(&output));
        let after = parse(&std::fs::read(&environ).expect("the variables"));
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            self.variables.insert(name.clone(), None);
        }
        for (name, value) in after {
            let own = ["_", "SHLVL", "PWD", "OLDPWD"].iter().any(|own| name == *own);
            if !own && before.get(&name) != Some(&value) {
                self.variables.insert(name, Some(value));
            }
        }
    }

    /// Every variable that a program started now gets.
    pub fn all(&self) -> BTreeMap<OsString, OsString> {
        let environ = self.world.path().join("environ");
        let mut command = self.program(env!("CARGO_BIN_EXE_cargo-nix"));
        common::success(command.arg("environ").arg(&environ));
        parse(&std::fs::read(&environ).expect("the variables"))
    }

    /// The value of a variable now.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = self.variables.get(OsStr::new(name))?.as_ref()?;
        Some(value.to_string_lossy().into_owned())
    }

    pub fn status(&self) -> Option<String> {
        self.get("CARGO_NIX_STATUS")
    }

    /// Prompts until the status is `wanted`: what happens by itself, happens
    /// without the project being touched.
    pub fn until(&mut self, wanted: &str) {
        let end = Instant::now() + Duration::from_secs(300);
        while self.status().as_deref() != Some(wanted) {
            assert!(
                Instant::now() < end,
                "no prompt says {wanted}, but {:?}:\n{}",
                self.status(),
                self.said
            );
            std::thread::sleep(Duration::from_millis(50));
            self.prompt();
        }
    }

    /// Prompts until nothing is loaded any more.
    pub fn until_quiet(&mut self) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.prompt() {
            assert!(Instant::now() < end, "direnv loads for ever:\n{}", self.said);
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// An evaluator that notes each of its starts in a file, then is the real one.
    pub fn counting(&mut self) -> Counter {
        let log = self.world.path().join("evaluations");
        let script = format!(
            "#!/bin/sh\necho \"$$\" >>'{}'\nexec '{}' \"$@\"\n",
            log.display(),
            common::evaluator().display()
        );
        let program = self.world.write("evaluator", &script);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        self.variables
            .insert("CARGO_NIX_EVAL".into(), Some(program.into_os_string()));
        Counter { log }
    }
}

/// See [`Session::counting`].
pub struct Counter {
    log: PathBuf,
}

impl Counter {
    /// The process ids of the evaluators started so far.
    pub fn started(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines()
            .map(|line| line.parse().expect("a process id"))
            .collect()
    }
}

fn parse(text: &[u8]) -> BTreeMap<OsString, OsString> {
    use std::os::unix::ffi::OsStrExt;
    text.split(|byte| *byte == 0)
        .filter_map(|line| {
            let equals = line.iter().position(|byte| *byte == b'=')?;
            let part = |bytes| OsStr::from_bytes(bytes).to_owned();
            Some((part(&line[..equals]), part(&line[equals + 1..])))
        })
        .collect()
}

/// Waits until it holds.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < end, "it never comes to it: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether there is a process of this id that is not a zombie.
pub fn is_alive(pid: u32) -> bool {
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output();
    let stat = String::from_utf8_lossy(&output.expect("ps starts").stdout)
        .trim()
        .to_owned();
    !stat.is_empty() && !stat.starts_with('Z')
}

/// A directory of the project `session` as its cache names it.
pub fn desk(session: &Session) -> PathBuf {
    let projects = session.world.cache().join("projects");
    let mut found: Vec<PathBuf> = std::fs::read_dir(projects)
        .expect("projects")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Whether `path` is there.
pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// An environment with a derivation that takes an hour.
pub fn slow(greeting: &str) -> String {
    format!(
        r#"{{ rust, system }}:
{{
  toolchain = rust.default;
  env.GREETING = "{greeting}";
  env.SLOW = derivation {{
    name = "slow-{greeting}";
    inherit system;
    builder = "/bin/sh";
    args = [ "-c" "/usr/bin/sleep 3600; echo slow-{greeting} >$out" ];
    __impureHostDeps = [ "/usr" "/lib" "/lib64" "/etc/alternatives" ];
  }};
}}
"#
    )
}

/// The report of `cargo-nix status`.
pub fn status(session: &Session) -> Value {
    let output = run(session.program("cargo-nix").args(["status", "--json"]));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}", both(&output)))
}

/// The process id of the job, as soon as it reports. It takes its lock before.
pub fn job(session: &Session) -> u32 {
    let report = || {
        let text = std::fs::read_to_string(desk(session).join("status")).ok()?;
        let report: Value = serde_json::from_str(text.split_once('\n')?.1).ok()?;
        (report["phase"]["is"] == "working").then(|| report["pid"].as_u64().expect("a process id"))
    };
    eventually("the job reports", || report().is_some());
    report().expect("a report") as u32
}

/// Ends the job as a system without memory does, and waits until it is gone.
pub fn kill(pid: u32) {
    common::success(Command::new("sh").args(["-c", &format!("kill -9 {pid}")]));
    eventually("it is dead", || !is_alive(pid));
}
