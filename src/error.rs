//! The faults a user may meet, each with a stable exit code and a message that
//! says what to do next. Messages are lower-case fragments; `cmd::main` prints
//! `error: ` before the one that ends the process.

use cargo_nix_protocol::{Failure, FailureKind};
use std::path::{Path, PathBuf};

/// What our functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The exit code of [`Error::Edited`].
pub const EDITED: u8 = 75;

/// Everything that can go wrong, as the user is told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No crate-env.nix from `start` upwards.
    #[error("no crate-env.nix in {} or above it\n  `cargo nix init` writes one", start.display())]
    NoProject {
        /// Where the search began.
        start: PathBuf,
    },
    /// No variable says where the home directory is, or what is wanted of it.
    #[error("{0} is set\n  set one of them")]
    NoHome(&'static str),
    /// The directory that the search is to begin in is not there.
    #[error("there is no directory {}\n  name one that is in a Rust project", path.display())]
    NoDirectory {
        /// As it was given; `.` is the shell's own.
        path: PathBuf,
    },
    /// A file or directory could not be read or written.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What we were doing, e.g. `reading`.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The evaluator reports a failure.
    #[error("{}", crate::evaluator::describe(.0))]
    Evaluator(Box<Failure>),
    /// The evaluator ended without an answer, or with one that makes no sense.
    #[error("{0}")]
    EvaluatorGone(String),
    /// A fault of the project that was found without evaluating it.
    #[error("{message}")]
    Project {
        /// Message with the place and the way out.
        message: String,
    },
    /// The project was edited between a look at it and its snapshot, and the
    /// content that was looked at is all that may be evaluated.
    #[error("the project was edited meanwhile, and is not what was to be evaluated\n  try again")]
    Edited,
    /// The command line asks for something that is not there.
    #[error("{message}")]
    Usage {
        /// Message with the way out.
        message: String,
    },
    /// The machine lacks something.
    #[error("{message}")]
    Machine {
        /// Message with the way out.
        message: String,
    },
    /// A command of the user's could not be started.
    #[error("{message}")]
    Command {
        /// Message with the way out.
        message: String,
        /// What a shell would say: 127 not found, 126 found and not started.
        code: u8,
    },
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io {
            doing,
            path,
            source: of_the_system(source),
        }
    }

    /// What became of a directory that the user named, for `map_err`.
    pub fn of_directory(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        move |error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::NoDirectory {
                path: path.to_owned(),
            },
            _ => Error::io("opening", path)(error),
        }
    }

    /// What the system said of something below `directory`, if it is that.
    pub fn io_below(&self, directory: &Path) -> Option<&std::io::Error> {
        match self {
            Error::Io { path, source, .. } if path.starts_with(directory) => Some(source),
            _ => None,
        }
    }

    /// The exit code: 2 usage (clap), 3 no project, 4 the project is at fault,
    /// 5 a build failed, 6 the store, 7 the machine, 70 a bug of ours,
    /// 75 the project was edited meanwhile,
    /// 126 and 127 as shells have them for a command that does not start.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage { .. } => 2,
            Error::NoProject { .. } => 3,
            Error::Project { .. } => 4,
            Error::Evaluator(failure) => match failure.kind {
                FailureKind::Evaluation => 4,
                FailureKind::Build => 5,
                FailureKind::Store => 6,
                FailureKind::Internal => 70,
            },
            Error::NoDirectory { .. } | Error::NoHome(_) | Error::Io { .. } | Error::Machine { .. } => 7,
            Error::EvaluatorGone(_) => 70,
            Error::Edited => EDITED,
            Error::Command { code, .. } => *code,
        }
    }
}

/// What the system said, without the name of a temporary file, which tempfile
/// appends and which says nothing to anybody.
fn of_the_system(error: std::io::Error) -> std::io::Error {
    match error.to_string().split_once(" at path \"") {
        Some((said, _)) if error.raw_os_error().is_none() => {
            std::io::Error::new(error.kind(), said.to_owned())
        }
        _ => error,
    }
}
