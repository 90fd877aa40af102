//! A project's environment: evaluated, realised, rooted.

use super::{Session, apply, dangling, decode, refused};
use crate::failure::{Fallible, fail, of_nix};
use crate::nix::{NixError, Value};
use crate::places::Places;
use crate::progress::name_of;
use crate::{drv, roots, sandbox};
use cargo_nix_protocol::{
    Answer, EnvAnswer, EnvAsk, Failure, FailureKind, Fault, Import, Position, ProgressKind,
};
use serde::Deserialize;

const EVALUATING: &str = "evaluating crate-env.nix";
const READING: &str = "reading the input set";
const REALISING: &str = "building the environment";

pub fn answer(session: &Session, ask: &EnvAsk) -> Fallible<Answer> {
    session.chatter.step(ProgressKind::Evaluate, "crate-env.nix");
    let state = session.state()?;
    let evaluation = Evaluation::start(session, ask, &state)?;
    evaluation.answer().or_else(needs_imports)
}

/// A value of which the library itself needs an import says so by an error
/// that begins with this, followed by a JSON list of [`Import`]s. A project can
/// say it as well: whoever imports has to know what there is to be asked for.
const NEEDS_IMPORTS: &str = "cargo-nix-needs-imports ";

fn needs_imports(failure: Box<Failure>) -> Fallible<Answer> {
    let items = failure
        .message
        .split_once(NEEDS_IMPORTS)
        .and_then(|(_, list)| serde_json::from_str(list).ok());
    items.map_or(Err(failure), |items| Ok(Answer::NeedImports { items }))
}

/// One evaluation of `entry.nix`, of which nothing is forced yet.
struct Evaluation<'a> {
    session: &'a Session,
    ask: &'a EnvAsk,
    result: Value<'a>,
    places: Places,
}

impl<'a> Evaluation<'a> {
    fn answer(&self) -> Fallible<Answer> {
        let imports: Vec<Import> = self.json("imports", EVALUATING)?;
        if !imports.is_empty() {
            return Ok(Answer::NeedImports { items: imports });
        }
        let meta: serde_json::Value = self.json("meta", EVALUATING)?;
        let meta = self.checked(meta)?;
        let mut inputs: Vec<String> = self.json("inputs", EVALUATING)?;
        let path = self.realise()?;
        let fetched: Vec<String> = self.json("fetched", EVALUATING)?;
        let store = &self.session.store;
        inputs.extend(
            fetched
                .into_iter()
                .filter(|path| store.is_valid(path).unwrap_or(false)),
        );
        // One root for each, however many name it.
        inputs.sort();
        inputs.dedup();
        let dump = self.read(&path)?;

        let mut lasting = strings(&meta, "warnings");
        let (own, others): (Vec<_>, Vec<_>) = self
            .session
            .chatter
            .warnings()
            .into_iter()
            .partition(|warning| warning.of_evaluation);
        lasting.extend(own.iter().map(|warning| self.places.map(&warning.text)));
        let mut warnings = lasting.clone();
        warnings.extend(others.iter().map(|warning| self.places.map(&warning.text)));
        warnings.extend(self.root(&path, &inputs));
        // libnix says nothing when it does without.
        if self.session.chatter.built() && self.session.daemon.is_none() && !sandbox::possible() {
            warnings.push(sandbox::WARNING.to_owned());
        }
        Ok(Answer::Env(EnvAnswer {
            path,
            dump,
            meta,
            inputs,
            warnings,
            lasting,
        }))
    }

    fn start(
        session: &'a Session,
        ask: &'a EnvAsk,
        state: &'a crate::nix::State,
    ) -> Fallible<Evaluation<'a>> {
        let read = |error: NixError| of_nix(&error, READING, FailureKind::Store, None);
        let result = apply(state, include_str!("env.nix"), ask).map_err(read)?;
        let text = |name: &str| {
            result
                .attribute(name)
                .and_then(|value| value.text())
                .map_err(read)
        };
        let snapshot = text("snapshot")?;
        let library = text("library")?;
        let places = Places {
            snapshot,
            project: ask.project_root.clone(),
            library,
            library_on_disk: ask.library.path.clone(),
        };
        Ok(Evaluation {
            session,
            ask,
            result,
            places,
        })
    }

    fn failed(&self, doing: &'static str) -> impl Fn(NixError) -> Box<Failure> {
        let kind = if doing == REALISING {
            FailureKind::Build
        } else {
            FailureKind::Evaluation
        };
        move |error| of_nix(&error, doing, kind, Some(&self.places))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str, doing: &'static str) -> Fallible<T> {
        let text = self
            .result
            .attribute(name)
            .and_then(|value| value.text())
            .map_err(self.failed(doing))?;
        decode(doing, &format!("`{name}` of entry.nix"), &text)
    }

    /// Realises the environment; returns its store path.
    fn realise(&self) -> Fallible<String> {
        let derivation = self.result.attribute("derivation").and_then(|value| value.text());
        let derivation = derivation.map_err(self.failed(EVALUATING))?;
        let env = self.result.attribute("env").map_err(self.failed(EVALUATING))?;
        self.expect(&derivation)?;
        env.realise().map_err(self.failed(REALISING))
    }

    /// Tells how much is left to build. None of it may name what nothing holds;
    /// without a network, nothing of it may be a download, whoever builds (a daemon
    /// does not know of `--offline`).
    fn expect(&self, derivation: &str) -> Fallible<()> {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let left = drv::left(derivation, read, |path| std::path::Path::new(path).exists());
        self.session
            .chatter
            .expect(u64::try_from(left.len()).unwrap_or(u64::MAX));
        dangling::check(self.session, &self.ask.arguments.system, &self.places, &left)?;
        let download = left.iter().find(|missing| missing.fixed);
        match download.filter(|_| self.session.settings.offline) {
            None => Ok(()),
            Some(missing) => Err(fail(
                FailureKind::Build,
                REALISING,
                refused::forbidden(&format!("`{}`", name_of(missing.path.trim_end_matches(".drv")))),
                Some(refused::ONLINE),
            )),
        }
    }

    fn read(&self, path: &str) -> Fallible<String> {
        let file = self
            .session
            .store
            .real_path(path)
            .map_err(self.failed(REALISING))?;
        std::fs::read_to_string(&file).map_err(|error| {
            fail(
                FailureKind::Build,
                "reading the environment",
                format!("{file}: {error}"),
                None,
            )
        })
    }

    /// Makes the GC roots; a warning if that could not be done wholly: the
    /// environment is there all the same.
    fn root(&self, path: &str, inputs: &[String]) -> Option<String> {
        let mut wanted = vec![("env".to_owned(), path.to_owned())];
        wanted.extend(
            inputs
                .iter()
                .enumerate()
                .map(|(index, input)| (format!("input-{index}"), input.clone())),
        );
        roots::make(&self.ask.roots, &wanted, self.session.daemon.as_deref()).unwrap_or_else(|error| {
            Some(format!(
                "no GC roots could be made in {}: {error}; a garbage collection may remove this environment",
                self.ask.roots.display()
            ))
        })
    }

    /// `meta`, if it tells of no problems; all of them together fail the request.
    fn checked(&self, meta: serde_json::Value) -> Fallible<serde_json::Value> {
        let problems = meta
            .get("problems")
            .cloned()
            .unwrap_or_else(|| serde_json::Value::Array(Vec::new()));
        let problems: Vec<Problem> = serde_json::from_value(problems).map_err(|error| {
            fail(
                FailureKind::Internal,
                EVALUATING,
                format!("`meta.problems`: {error}"),
                None,
            )
        })?;
        let mut faults = problems.into_iter().map(|problem| problem.told(self));
        let Some(first) = faults.next() else {
            return Ok(meta);
        };
        Err(Box::new(Failure {
            doing: EVALUATING.to_owned(),
            message: first.message,
            position: first.position,
            hint: first.hint,
            trace: None,
            log: Vec::new(),
            kind: FailureKind::Evaluation,
            others: faults.collect(),
        }))
    }
}

/// A fault that the Nix library found by itself: an unknown attribute, say.
#[derive(Debug, Deserialize)]
struct Problem {
    message: String,
    /// In the snapshot, or relative to it.
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    line: Option<u32>,
    #[serde(default)]
    column: Option<u32>,
    #[serde(default)]
    hint: Option<String>,
}

impl Problem {
    fn position(&self, evaluation: &Evaluation<'_>) -> Option<Position> {
        let file = self.file.as_deref()?;
        let file = match evaluation.places.file(file) {
            Some(file) => file,
            None if file.starts_with('/') => return None,
            None => evaluation.ask.project_root.join(file),
        };
        Some(Position {
            file,
            line: self.line?,
            column: self.column.unwrap_or(1),
        })
    }

    fn told(self, evaluation: &Evaluation<'_>) -> Fault {
        Fault {
            position: self.position(evaluation),
            message: evaluation.places.map(&self.message),
            hint: self.hint,
        }
    }
}

fn strings(value: &serde_json::Value, name: &str) -> Vec<String> {
    let list = value.get(name).and_then(|list| list.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|item| item.as_str())
        .map(str::to_owned)
        .collect()
}
