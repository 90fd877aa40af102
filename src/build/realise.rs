//! A miss: what is asked of the evaluator, by way of the build service.

use super::service::{self, Address};
use crate::error::{Error, Result};
use crate::evaluator;
use crate::vars::Vars;
use cargo_nix_protocol::{
    Answer, Ask, Event, Failure, Import, ImportAsk, Request, RootsAsk, Settings, UnitAsk, VERSION,
};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How to reach the build service.
#[derive(Clone, Debug)]
pub struct Builder {
    /// Its socket.
    pub socket: PathBuf,
    /// `cargo-nix-eval`.
    pub evaluator: PathBuf,
    /// This program, which is also the service.
    pub program: PathBuf,
    /// What the builds of units' environments may see of the machine.
    pub sandbox_paths: Vec<String>,
    /// What units see of it, see `Settings::mounts`.
    pub mounts: Vec<String>,
}

/// The hidden verb of the service; its arguments are the socket and the evaluator.
pub const SERVICE: &str = "__build-service";

/// Why a unit was not built.
#[derive(Debug)]
pub enum Unbuilt {
    /// Its builder failed, or libnix refused it.
    Failed(Box<Failure>),
    /// The service or the evaluator cannot be reached.
    Unreachable(String),
}

impl Builder {
    /// The builder whose socket is below `dir`, for the store that the
    /// variables of this process mean.
    ///
    /// # Errors
    /// It cannot be told where this program or its evaluator is.
    pub fn below(dir: &Path, vars: &Vars, sandbox_paths: Vec<String>) -> Result<Builder> {
        let program = std::env::current_exe().map_err(Error::io("finding", "cargo-nix"))?;
        let evaluator = evaluator::locate(vars)?;
        let mut hasher = blake3::Hasher::new();
        for path in [&evaluator, &program] {
            let modified = path.metadata().and_then(|metadata| metadata.modified());
            hasher
                .update(path.as_os_str().as_encoded_bytes())
                .update(format!("{modified:?}").as_bytes());
        }
        // One process is started with them in an order of its own, the next in another.
        let variables: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        for (name, value) in variables {
            if name.as_encoded_bytes().starts_with(b"NIX_") {
                hasher
                    .update(name.as_encoded_bytes())
                    .update(b"=")
                    .update(value.as_encoded_bytes())
                    .update(b"\0");
            }
        }
        let socket = dir.join("service").join(&hasher.finalize().to_hex()[..8]);
        Ok(Builder {
            socket,
            evaluator,
            program,
            sandbox_paths,
            mounts: Vec::new(),
        })
    }

    /// Builds a unit; gives its output and its derivation.
    ///
    /// # Errors
    /// See [`Unbuilt`].
    pub fn unit(&self, plan: &UnitAsk) -> Result<(String, String), Unbuilt> {
        match self.ask(Ask::Unit(Box::new(plan.clone())))? {
            Answer::Unit { path, derivation } => Ok((path, derivation)),
            other => Err(Unbuilt::Unreachable(format!(
                "the evaluator gave an unexpected answer: {other:?}"
            ))),
        }
    }

    /// Adds a tree to the store; gives its path.
    ///
    /// # Errors
    /// See [`Unbuilt`].
    pub fn import(&self, item: Import) -> Result<String, Unbuilt> {
        let id = item.id.clone();
        match self.ask(Ask::Import(ImportAsk { items: vec![item] }))? {
            Answer::Import { paths } => paths
                .get(&id)
                .cloned()
                .ok_or_else(|| Unbuilt::Unreachable("its source was not added to the store".into())),
            other => Err(Unbuilt::Unreachable(format!(
                "the evaluator gave an unexpected answer: {other:?}"
            ))),
        }
    }

    /// Makes links to store paths, and GC roots of the links; a warning if the
    /// collector could not be told of them.
    ///
    /// # Errors
    /// See [`Unbuilt`].
    pub fn roots(&self, links: Vec<(PathBuf, String)>) -> Result<Option<String>, Unbuilt> {
        match self.ask(Ask::Roots(RootsAsk { links }))? {
            Answer::Roots { warning } => Ok(warning),
            other => Err(Unbuilt::Unreachable(format!(
                "the evaluator gave an unexpected answer: {other:?}"
            ))),
        }
    }

    fn ask(&self, ask: Ask) -> Result<Answer, Unbuilt> {
        let settings = Settings {
            impure: true,
            offline: false,
            sandbox_paths: self.sandbox_paths.clone(),
            mounts: self.mounts.clone(),
            sandboxed: true,
            units_alone: match &ask {
                // Of the host set, no cache has anything.
                Ask::Unit(plan) if self.mounts.is_empty() => {
                    plan.inputs.iter().all(|input| Path::new(&input.path).exists())
                }
                _ => true,
            },
        };
        let mut line = serde_json::to_vec(&Request {
            version: VERSION,
            settings,
            ask,
        })
        .map_err(|error| Unbuilt::Unreachable(error.to_string()))?;
        line.push(b'\n');
        let silent =
            |reason: String| Unbuilt::Unreachable(format!("the build service does not answer: {reason}"));
        let mut reason = String::new();
        // A service that is just ending may close on us.
        for _ in 0..3 {
            let stream = self.connect().map_err(|error| silent(error.to_string()))?;
            match converse(&stream, &line) {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => return Err(Unbuilt::Failed(failure)),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(silent(reason))
    }

    /// A connection to the service, which is started if it does not run.
    fn connect(&self) -> std::io::Result<UnixStream> {
        let deadline = Instant::now() + Duration::from_secs(15);
        let mut started: Option<Child> = None;
        loop {
            let error = match Address::of(&self.socket).and_then(|address| address.connect()) {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            };
            let Some(service) = &mut started else {
                started = Some(self.start()?);
                continue;
            };
            match service.try_wait()? {
                // It left the place to another, which may have been about to end.
                Some(status) if status.success() => started = None,
                // In a cache that cannot be written it can never be.
                Some(_) => {
                    let socket = self.socket.display();
                    return Err(std::io::Error::other(format!("it cannot be at {socket}")));
                }
                None => {}
            }
            if error.kind() == ErrorKind::InvalidInput || Instant::now() > deadline {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Makes sure that the service runs; does not wait for it.
    pub fn wake(&self) {
        if Address::of(&self.socket)
            .and_then(|address| address.connect())
            .is_err()
        {
            let _ = self.start();
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        if let Some(dir) = self.socket.parent() {
            std::fs::create_dir_all(dir)?;
        }
        detached(&self.program)
            .args([
                SERVICE.as_ref(),
                self.socket.as_os_str(),
                self.evaluator.as_os_str(),
            ])
            .spawn()
    }
}

/// A call of `program` that outlives this process. A group of its own: Ctrl-C at
/// the terminal is not meant for it. It holds none of our streams open, nor the
/// project's directory.
pub(super) fn detached(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        // That directory may go with the shell that it is of.
        .env_remove("TMPDIR")
        .process_group(0);
    command
}

/// One request and its answer.
fn converse(mut stream: &UnixStream, request: &[u8]) -> std::io::Result<Result<Answer, Box<Failure>>> {
    stream.write_all(request)?;
    for line in BufReader::new(stream).split(b'\n') {
        match serde_json::from_slice(&line?)? {
            Event::Progress(_) => {}
            Event::Answer(answer) => return Ok(Ok(*answer)),
            Event::Failure(failure) => return Ok(Err(failure)),
        }
    }
    Err(ErrorKind::UnexpectedEof.into())
}

/// The hidden verb [`SERVICE`].
///
/// # Errors
/// The arguments are wrong, or the socket cannot be made.
pub fn service(arguments: &[std::ffi::OsString]) -> Result<()> {
    match arguments {
        [socket, evaluator] => service::serve(Path::new(socket), Path::new(evaluator)),
        _ => Err(Error::Machine {
            message: format!("{SERVICE} is for cargo-nix itself"),
        }),
    }
}
