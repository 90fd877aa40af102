//! A store, a project and a Nix library for a test, and the conversation.

use cargo_nix_protocol::{
    Answer, Ask, EnvAnswer, EnvArguments, EnvAsk, Event, Failure, Import, ImportAsk, Request, Settings, Tree,
    VERSION,
};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// An `entry.nix` that hands everything to the project's crate-env.nix.
pub const ENTRY: &str = include_str!("fixtures/entry.nix");

/// One test's directory: `project`, `library`, `roots`, and a store unless it is
/// the shared one.
pub struct World {
    dir: TempDir,
    store: PathBuf,
}

impl World {
    /// Over the store that all tests of this package share.
    pub fn new() -> World {
        World::over(Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("store")))
    }

    /// Over a store of its own.
    pub fn with_own_store() -> World {
        World::over(None)
    }

    fn over(store: Option<PathBuf>) -> World {
        let dir = tempfile::Builder::new()
            .prefix("cargo-nix-eval-")
            .tempdir()
            .expect("a directory");
        let store = store.unwrap_or_else(|| dir.path().join("store"));
        let world = World { dir, store };
        world.write("library/entry.nix", ENTRY);
        world
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(&path, text).expect("a file");
        path
    }

    pub fn store_dir(&self) -> PathBuf {
        self.store.join("nix/store")
    }

    /// Any program, in an environment of known variables.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("PATH is set"))
            .env("HOME", self.path("home"))
            .env("NIX_STORE_DIR", self.store_dir())
            .env("NIX_STATE_DIR", self.store.join("nix/var/nix"))
            .env("NIX_LOG_DIR", self.store.join("nix/var/log/nix"))
            .env("NIX_CONF_DIR", self.store.join("etc/nix"))
            // A user's own configuration; and no network in tests.
            .env("NIX_CONFIG", "substituters =")
            .current_dir(self.dir.path());
        command
    }

    /// One of Nix's own programs, of the libnix that this was linked to.
    pub fn nix(&self, program: &str) -> Command {
        let beside = env!("CARGO_NIX_LIBDIRS")
            .split(':')
            .map(|libraries| Path::new(libraries).join("../bin"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = beside
            .chain(std::env::split_paths(&path))
            .map(|bin| bin.join(program))
            .find(|file| file.exists());
        let mut command =
            self.command(found.unwrap_or_else(|| panic!("no {program}; `make setup` brings it")));
        let group = "build-users-group =\nextra-experimental-features = nix-command\nsubstituters =";
        command.env("NIX_CONFIG", group);
        command
    }

    /// The directory as pure evaluation may read it.
    pub fn tree(&self, relative: &str) -> Tree {
        let path = self.path(relative);
        let output = success(self.nix("nix").args(["hash", "path", "--sri"]).arg(&path));
        Tree {
            path,
            nar_hash: output.trim().to_owned(),
        }
    }

    /// The question for the environment of `project/`.
    pub fn env_ask(&self) -> EnvAsk {
        EnvAsk {
            snapshot: self.tree("project"),
            library: self.tree("library"),
            project_root: self.path("project"),
            arguments: EnvArguments {
                system: system(),
                layers: vec![String::new()],
                pins: None,
                rust_toolchain: None,
                host: serde_json::json!({}),
                impure: false,
                crates: Vec::new(),
            },
            roots: self.path("roots"),
        }
    }

    /// Starts the evaluator with all three streams piped.
    pub fn start(&self) -> Child {
        let mut command = self.command(env!("CARGO_BIN_EXE_cargo-nix-eval"));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("the evaluator starts")
    }

    /// One process, these lines, its end.
    pub fn converse(&self, lines: &str) -> Output {
        let mut child = self.start();
        child
            .stdin
            .take()
            .expect("piped")
            .write_all(lines.as_bytes())
            .expect("the evaluator reads");
        child.wait_with_output().expect("the evaluator ends")
    }

    /// One process, one request; the events, the outcome among the last.
    pub fn ask(&self, settings: Settings, ask: Ask) -> Vec<Event> {
        let output = self.converse(&line(settings, ask));
        let events = events(&output);
        assert!(output.status.success(), "{}: {events:#?}", output.status);
        events
    }

    /// The answer, or the failure.
    pub fn outcome(&self, settings: Settings, ask: Ask) -> Result<Answer, Box<Failure>> {
        // What a build said last may be told after the outcome.
        let events = self.ask(settings, ask).into_iter().rev();
        let mut outcomes = events.filter(|event| matches!(event, Event::Answer(_) | Event::Failure(_)));
        match outcomes.next() {
            Some(Event::Answer(answer)) => Ok(*answer),
            Some(Event::Failure(failure)) => Err(failure),
            other => panic!("no outcome but {other:?}"),
        }
    }

    /// The environment of a project that is one crate-env.nix.
    pub fn env(&self, crate_env: &str) -> Result<EnvAnswer, Box<Failure>> {
        self.write("project/crate-env.nix", crate_env);
        match self.outcome(Settings::default(), Ask::Env(self.env_ask()))? {
            Answer::Env(answer) => Ok(answer),
            other => panic!("not an environment: {other:?}"),
        }
    }

    /// Imports `files` of `relative`.
    pub fn import(&self, relative: &str, files: &[&str]) -> Result<String, Box<Failure>> {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        let item = Import {
            id: "it".into(),
            name: "thing-1".into(),
            root: self.path(relative),
            files,
        };
        let settings = Settings {
            impure: true,
            ..Settings::default()
        };
        match self.outcome(settings, Ask::Import(ImportAsk { items: vec![item] }))? {
            Answer::Import { paths } => Ok(paths["it"].clone()),
            other => panic!("not an import: {other:?}"),
        }
    }

    /// `text` with what differs from run to run replaced.
    pub fn stable(&self, text: &str) -> String {
        let text = text.replace(&*self.path("project").to_string_lossy(), "<project>");
        let text = text.replace(&*self.dir.path().to_string_lossy(), "<world>");
        let store = format!("{}/", self.store_dir().display());
        let mut parts = text.split(&store);
        let mut stable = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            stable.push_str("<store>/");
            stable.push_str(
                part.split_once('-')
                    .filter(|(hash, _)| hash.len() == 32)
                    .map_or(part, |(_, name)| name),
            );
        }
        // On PATH, or beside libnix.
        match stable.split_once("nix-store --read-log") {
            Some((before, after)) => {
                let start = before.rfind('`').map_or(0, |quote| quote + 1);
                format!("{}nix-store --read-log{after}", &before[..start])
            }
            None => stable,
        }
    }
}

/// A request as one line.
pub fn line(settings: Settings, ask: Ask) -> String {
    let request = Request {
        version: VERSION,
        settings,
        ask,
    };
    format!("{}\n", serde_json::to_string(&request).expect("a request"))
}

/// Standard output, every line of which must be an event.
pub fn events(output: &Output) -> Vec<Event> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// Standard output of a command that must succeed.
pub fn success(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Nix's name of this machine.
pub fn system() -> String {
    let os = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        std::env::consts::OS
    };
    format!("{}-{os}", std::env::consts::ARCH)
}
