//! The verbs of the evaluator, one file each; and what they have in common: an
//! open store, and an evaluator of its own for each request.

mod closure;
mod dangling;
mod env;
mod import;
mod probe;
mod refused;
mod roots;
mod sealed;
mod unit;

use crate::daemon;
use crate::failure::{Fallible, fail, of_build, of_nix};
use crate::nix::{Nix, NixError, State, Store, Value};
use crate::progress::Chatter;
use crate::settings::{self, prove_pure};
use cargo_nix_protocol::{Answer, Ask, FailureKind, Settings};
use serde::Serialize;
use std::cell::OnceCell;
use std::path::PathBuf;

/// libnix, its store, and what is said meanwhile.
pub struct Session {
    nix: Nix,
    store: Store,
    chatter: Chatter,
    pure: bool,
    settings: Settings,
    /// Whether builds are sandboxed as units want it, once somebody asked.
    sealed: OnceCell<Fallible<()>>,
    /// The socket of the store's daemon, if it has one.
    daemon: Option<PathBuf>,
}

impl Session {
    /// Starts libnix and opens the store; `NIX_CONFIG` is set up already.
    ///
    /// # Errors
    /// A broken configuration, a store that cannot be opened, an evaluation that
    /// is not pure though it should be.
    pub fn open(settings: &Settings, chatter: Chatter) -> Fallible<Session> {
        let nix = Nix::init().map_err(|error| of_nix(&error, "starting libnix", FailureKind::Store, None))?;
        if settings.units_alone {
            settings::for_units(&nix)
                .map_err(|error| of_nix(&error, "starting libnix", FailureKind::Store, None))?;
        }
        let store = open_store(&nix)
            .map_err(|error| of_nix(&error, "opening the store", FailureKind::Store, None))
            .map_err(|failure| refused::of_opening(failure, rustix::process::geteuid().is_root()))?;
        in_its_place(&store)?;
        let daemon = store.uri().ok().and_then(|uri| daemon::socket(&uri));
        let session = Session {
            nix,
            store,
            chatter,
            pure: !settings.impure,
            settings: settings.clone(),
            sealed: OnceCell::new(),
            daemon,
        };
        if session.pure {
            let state = session.state()?;
            prove_pure(&state).map_err(|error| {
                of_nix(
                    &error,
                    "checking that evaluation is pure",
                    FailureKind::Internal,
                    None,
                )
            })?;
        }
        Ok(session)
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Whatever is to be shown to the user.
    pub fn answer(&self, ask: &Ask) -> Fallible<Answer> {
        self.chatter.reset();
        let answer = match ask {
            Ask::Env(ask) => env::answer(self, ask),
            Ask::Import(ask) => import::answer(self, ask),
            Ask::Closure(ask) => closure::answer(self, ask),
            Ask::Probe => probe::answer(self),
            Ask::Unit(ask) => unit::answer(self, ask),
            Ask::Roots(ask) => roots::answer(self, ask),
        };
        answer
            .map_err(|failure| of_build(failure, &self.chatter.wreckage()))
            .map_err(|failure| refused::of_downloading(failure, self.settings.offline))
            .map_err(|failure| {
                refused::of_host_paths(failure, &self.settings.sandbox_paths, self.daemon.is_some())
            })
    }

    /// That builds are sandboxed as units want it, proved once in a process.
    fn sealed(&self) -> Fallible<()> {
        self.sealed.get_or_init(|| sealed::prove(self)).clone()
    }

    fn state(&self) -> Fallible<State> {
        State::new(&self.nix, &self.store)
            .map_err(|error| of_nix(&error, "starting the evaluator", FailureKind::Store, None))
    }
}

/// Opens the store. Where another process is making it at this moment, libnix may
/// find its schema file empty for an instant, since it writes that in place; it
/// fails over a link that another has just made; and SQLite lets nobody wait for a
/// database whose kind of journal is being chosen.
fn open_store(nix: &Nix) -> Result<Store, NixError> {
    const ATTEMPTS: usize = 20;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
    let half_made = |error: &NixError| {
        let is = |words: [&str; 2]| words.into_iter().all(|word| error.short.contains(word));
        is(["schema", "is corrupt"])
            || is(["gcroots/profiles", "File exists"])
            || is(["SQLite database", "is busy"])
    };
    for _ in 1..ATTEMPTS {
        match Store::open(nix) {
            Err(error) if half_made(&error) => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
    Store::open(nix)
}

/// Proves that store paths are where they say, which is not so in a store below a
/// root of its own.
fn in_its_place(store: &Store) -> Fallible<()> {
    let directory = store
        .directory()
        .map_err(|error| of_nix(&error, "opening the store", FailureKind::Store, None))?;
    let path = format!("{directory}/00000000000000000000000000000000-x");
    match store.real_path(&path) {
        Ok(really) if really != path => {
            let really = really
                .rsplit_once('/')
                .map_or(really.as_str(), |(place, _)| place);
            Err(refused::of_chroot(&directory, really))
        }
        _ => Ok(()),
    }
}

/// Calls `expression`, a function of one JSON text, with `argument`.
fn apply<'state>(
    state: &'state State,
    expression: &str,
    argument: &impl Serialize,
) -> Result<Value<'state>, NixError> {
    let json = serde_json::to_string(argument).map_err(|error| NixError::ours(error.to_string()))?;
    state.evaluate(expression)?.call(&Value::string(state, &json)?)
}

/// Reads what one of our own expressions made with `builtins.toJSON`.
fn decode<T: serde::de::DeserializeOwned>(doing: &str, what: &str, json: &str) -> Fallible<T> {
    serde_json::from_str(json)
        .map_err(|error| fail(FailureKind::Internal, doing, format!("{what}: {error}"), None))
}
