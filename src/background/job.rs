//! The job itself: watches the inputs while a child fills their slot.
//!
//! An edit that comes between the job's last look and the release of its lock
//! finds the lock taken and starts nothing. So the job looks once more after
//! the release: what it sees then it does itself, what comes later finds the
//! lock free.

use super::status::{Desk, Log, Phase, Status, now};
use crate::cache::{Cache, Key};
use crate::cli::ObtainArgs;
use crate::env::Look;
use crate::error::{EDITED, Error, Result};
use crate::project::Project;
use crate::trust::Trust;
use crate::vars::Vars;
use rustix::process::{Pid, Signal, kill_process_group, setsid};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often the inputs are looked at while the child works. Where looking is
/// slow (a file system on the network), [`PATIENCE`] times as long as it takes.
const BEAT: Duration = Duration::from_millis(100);
const PATIENCE: u32 = 20;
/// The first edit is evaluated at once. One that comes less than [`HASTE`] after
/// the last evaluation is not, before the inputs are left alone for [`QUIET`].
const HASTE: Duration = Duration::from_secs(1);
const QUIET: Duration = Duration::from_millis(300);
/// More of a failure is not kept in the report; the log has it.
const MESSAGE: usize = 16 * 1024;

/// Works until the slot of the project's inputs is filled, or cannot be.
/// `allowed`: direnv has asked the user already, about whatever is there.
///
/// # Errors
/// [`Error::NoProject`], or [`Error::Io`] if the cache cannot be written; a
/// failure of the project is reported on its [`Desk`], not returned.
pub fn run(args: &ObtainArgs, allowed: bool, vars: &Vars) -> Result<()> {
    // A job outlives the terminal that it was started from.
    let _ = setsid();
    let given = args.project.as_deref().unwrap_or(Path::new("."));
    let start = given.canonicalize().map_err(Error::of_directory(given))?;
    let project = Project::find(Some(&start))?;
    let cache = Cache::new(vars.cache_dir()?);
    cache.make()?;
    cache.note_place(&project.id().to_hex(), project.directory())?;
    let desk = Desk::of(&cache, &project.id().to_hex());
    let job = Job {
        args,
        vars,
        cache,
        start,
        project,
        allowed,
        desk,
        began: now(),
    };
    loop {
        let Some(lock) = job.desk.hold()? else {
            return Ok(());
        };
        let Some(settled) = job.work()? else {
            job.desk.clear();
            drop(lock);
            // Allowed after all, while its job found the lock taken.
            match job.look() {
                Ok(look) if look.slot.is_none() && job.may(&look) => continue,
                _ => return Ok(()),
            }
        };
        drop(lock);
        match job.look() {
            Ok(look) if look.slot.is_none() && settled.key.as_ref() != Some(&look.key) => {}
            _ => return Ok(()),
        }
    }
}

struct Job<'a> {
    args: &'a ObtainArgs,
    vars: &'a Vars,
    cache: Cache,
    /// Where the project was looked for from: layers depend on it.
    start: PathBuf,
    project: Project,
    allowed: bool,
    desk: Desk,
    began: u64,
}

/// What a job has come to an end about; no key: the inputs cannot be read.
struct Settled {
    key: Option<Key>,
}

enum End {
    Filled,
    Failed(String),
    Changed,
    /// The directory is gone, or its contents are not allowed any more.
    Over,
}

impl<'a> Job<'a> {
    /// Fills slots until that of the inputs as they are is there, or failed;
    /// `None` if there is nothing to be done for any more.
    fn work(&self) -> Result<Option<Settled>> {
        let since = |last: Status| Duration::from_nanos(now().saturating_sub(last.at));
        let mut hasty = self.desk.read().is_some_and(|last| since(last) < HASTE);
        loop {
            let look = match self.look() {
                Ok(look) => look,
                Err(_) if self.is_gone() => return Ok(None),
                Err(error) => return self.failed(None, format!("error: {error}")),
            };
            if look.slot.is_some() {
                self.report(Phase::Done, Some(&look.key), "")?;
                self.cache.ring(&self.project.id().to_hex())?;
                return Ok(Some(Settled { key: Some(look.key) }));
            }
            if !self.may(&look) {
                return Ok(None);
            }
            if std::mem::take(&mut hasty) {
                self.report(Phase::Working, Some(&look.key), "waiting for the last edit")?;
                self.settle();
                continue;
            }
            match self.fill(&look)? {
                End::Over => return Ok(None),
                End::Changed => self.settle(),
                End::Failed(message) => return self.failed(Some(look.key), message),
                End::Filled => {
                    let same = self
                        .look()
                        .is_ok_and(|now| now.key == look.key && now.slot.is_none());
                    if same {
                        let message = "error: the environment was made, and is not in the cache".to_owned();
                        return self.failed(Some(look.key), message);
                    }
                }
            }
        }
    }

    fn look(&self) -> Result<Look<'a>> {
        Look::at(self.args, self.vars)
    }

    fn is_gone(&self) -> bool {
        !self.start.is_dir() || !self.project.directory().is_dir()
    }

    fn may(&self, look: &Look<'_>) -> bool {
        let (id, digest) = (self.project.id().to_hex(), look.inputs.digest());
        let Ok(data) = self.vars.data_dir() else {
            return self.allowed;
        };
        let trust = Trust::new(&data);
        let allowed = self.allowed || trust.allows(&digest) || trust.direnv_allows(&id, &digest);
        allowed && !trust.denies(&id, &digest)
    }

    fn failed(&self, key: Option<Key>, message: String) -> Result<Option<Settled>> {
        self.report(Phase::Failed { message }, key.as_ref(), "")?;
        self.cache.ring(&self.project.id().to_hex())?;
        Ok(Some(Settled { key }))
    }

    /// Lets a child fill the slot of `look`; ends it when the inputs change.
    fn fill(&self, look: &Look<'_>) -> Result<End> {
        let mut log = Log::begin(&self.desk)?;
        self.report(Phase::Working, Some(&look.key), "evaluating")?;
        let mut child = self.child(look)?;
        let lines = lines_of(&mut child);
        let (mut said, mut failing) = (String::new(), false);
        let mut due = Instant::now() + BEAT;
        let end = loop {
            match lines.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    log.line(&line);
                    failing |= line.starts_with("error: ");
                    if !failing {
                        self.report(Phase::Working, Some(&look.key), &line)?;
                    } else if said.len() + line.len() < MESSAGE {
                        said.push_str(&line);
                        said.push('\n');
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if Instant::now() >= due {
                let looked = Instant::now();
                if let Some(end) = self.interrupted(look) {
                    break Some(end);
                }
                due = Instant::now() + BEAT.max(looked.elapsed() * PATIENCE);
            }
        };
        if let Some(end) = end {
            end_all(&mut child);
            return Ok(end);
        }
        let status = child.wait().map_err(Error::io("waiting for", "the evaluation"))?;
        Ok(match status.success() {
            true => End::Filled,
            false if status.code() == Some(EDITED.into()) => End::Changed,
            false if said.is_empty() => End::Failed(format!("error: the evaluation ended ({status})")),
            false => End::Failed(said.trim_end().to_owned()),
        })
    }

    /// Why the work for `look` is of no use any more, if it is not.
    fn interrupted(&self, look: &Look<'_>) -> Option<End> {
        match self.look() {
            Ok(now) if now.key != look.key => Some(End::Changed),
            Ok(now) => (!self.may(&now)).then_some(End::Over),
            Err(_) if self.is_gone() => Some(End::Over),
            Err(_) => Some(End::Changed),
        }
    }

    /// `cargo-nix fill`, leading a process group of its own: the evaluator, and
    /// what that starts, can be ended with it. It ends when the pipe to its
    /// standard input does, so also if this process is killed.
    /// It evaluates nothing but what `look` saw, and was allowed.
    fn child(&self, look: &Look<'_>) -> Result<Child> {
        let program = std::env::current_exe().map_err(Error::io("finding", "cargo-nix itself"))?;
        let mut command = Command::new(&program);
        command.arg("fill").arg("--project").arg(&self.start);
        command
            .arg("--digest")
            .arg(look.inputs.digest().to_hex().as_str());
        super::pass_on(self.args, &mut command);
        command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::io("starting", program))
    }

    /// Waits until the inputs have been the same for [`QUIET`].
    fn settle(&self) {
        let seen = || self.look().ok().map(|look| look.key);
        let mut last = seen();
        loop {
            thread::sleep(QUIET);
            let now = seen();
            if now == last {
                return;
            }
            last = now;
        }
    }

    fn report(&self, phase: Phase, key: Option<&Key>, doing: &str) -> Result<()> {
        self.desk.write(&Status {
            phase,
            key: key.map(|key| key.as_str().to_owned()),
            pid: std::process::id(),
            began: self.began,
            at: now(),
            doing: doing.to_owned(),
            left: left(doing),
        })
    }
}

/// Ends the child and all of its process group at once. What they had begun is
/// of no use, and all that they write is written beside and renamed.
fn end_all(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// The number in `building openssl-3.5.1 (2 left)`.
fn left(line: &str) -> Option<u64> {
    let (_, count) = line.strip_suffix(" left)")?.rsplit_once('(')?;
    count.parse().ok()
}

/// The lines of the child's standard error, as they come.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let stderr = child.stderr.take().expect("stderr is piped");
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).split(b'\n') {
            let Ok(line) = line else { return };
            if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    receive
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn what_is_left_is_read_from_the_line_of_progress() {
        assert_eq!(left("building openssl-3.5.1 (2 left)"), Some(2));
        assert_eq!(left("evaluating"), None);
        assert_eq!(left("building (x left)"), None);
    }
}
