//! The job itself: watches the inputs while a child fills their slot.

use super::status::{Desk, Phase, Status, now};
use crate::cache::Key;
use crate::cli::ObtainArgs;
use crate::env::Look;
use crate::error::{Error, Result};
use crate::trust::Trust;
use crate::vars::Vars;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How often the inputs are looked at while the child works.
const BEAT: Duration = Duration::from_millis(100);
/// How long the inputs must be left alone before the next evaluation begins.
const QUIET: Duration = Duration::from_millis(300);

/// Works until the slot of the project's inputs is filled, or cannot be.
/// `allowed`: direnv has asked the user already.
///
/// # Errors
/// [`Error::Io`] if the cache cannot be written; a failure of the project is
/// reported on its [`Desk`], not returned.
pub fn run(args: &ObtainArgs, allowed: bool, vars: &Vars) -> Result<()> {
    // A job outlives the terminal that it was started from.
    let _ = rustix::process::setsid();
    let look = Look::at(args, vars)?;
    let id = look.project.id().to_hex();
    let desk = Desk::of(&look.cache, &id);
    look.cache.make()?;
    let lock = desk.lock();
    std::fs::create_dir_all(lock.parent().expect("projects/<id>")).map_err(Error::io("making", &lock))?;
    let lock = File::create(&lock).map_err(Error::io("opening", &lock))?;
    if lock.try_lock().is_err() {
        return Ok(());
    }
    let job = Job {
        args,
        vars,
        desk,
        began: now(),
    };
    let mut look = look;
    loop {
        if look.slot.is_some() {
            job.report(Phase::Done, &look.key, "")?;
            return job.desk.ring();
        }
        if !allowed && !Trust::new(&vars.data_dir()?).allows(&look.inputs.digest()) {
            return Ok(());
        }
        match job.fill(&look)? {
            End::Filled | End::Changed => {}
            End::Failed(message) => {
                job.report(Phase::Failed { message }, &look.key, "")?;
                job.desk.ring()?;
                return Ok(());
            }
            End::Gone => return Ok(()),
        }
        look = match job.quiet(look.key.clone()) {
            Ok(look) => look,
            Err(_) => return Ok(()),
        };
    }
}

struct Job<'a> {
    args: &'a ObtainArgs,
    vars: &'a Vars,
    desk: Desk,
    began: u64,
}

enum End {
    Filled,
    Failed(String),
    Changed,
    Gone,
}

impl<'a> Job<'a> {
    /// Lets a child fill the slot of `look`; ends it when the inputs change.
    fn fill(&self, look: &Look<'_>) -> Result<End> {
        let mut log = File::create(self.desk.log()).map_err(Error::io("writing", self.desk.log()))?;
        self.report(Phase::Working, &look.key, "evaluating")?;
        let mut child = self.child(look.project.directory())?;
        let lines = lines_of(&mut child);
        let (mut said, mut failing) = (String::new(), false);
        let end = loop {
            match lines.recv_timeout(BEAT) {
                Ok(line) => {
                    let _ = writeln!(log, "{line}");
                    failing |= line.starts_with("error: ");
                    if failing {
                        said.push_str(&line);
                        said.push('\n');
                    } else {
                        self.report(Phase::Working, &look.key, &line)?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => match Look::at(self.args, self.vars) {
                    Ok(now) if now.key == look.key => {}
                    Ok(_) => break Some(End::Changed),
                    Err(_) if look.project.directory().exists() => break Some(End::Changed),
                    Err(_) => break Some(End::Gone),
                },
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        if let Some(end) = end {
            // The evaluator below it ends with it.
            let _ = child.kill();
            let _ = child.wait();
            return Ok(end);
        }
        let status = child.wait().map_err(Error::io("waiting for", "the evaluation"))?;
        Ok(match status.success() {
            true => End::Filled,
            false if said.is_empty() => End::Failed(format!("error: the evaluation ended ({status})")),
            false => End::Failed(said.trim_end().to_owned()),
        })
    }

    fn child(&self, directory: &Path) -> Result<Child> {
        let program = std::env::current_exe().map_err(Error::io("finding", "cargo-nix itself"))?;
        let mut command = Command::new(&program);
        command.arg("fill").arg("--project").arg(directory);
        if self.args.impure {
            command.arg("--impure");
        }
        if self.args.offline {
            command.arg("--offline");
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::io("starting", program))
    }

    /// Waits until the inputs have been the same for [`QUIET`], and looks.
    fn quiet(&self, mut last: Key) -> Result<Look<'a>> {
        let mut look = Look::at(self.args, self.vars)?;
        while look.key != last {
            last = look.key.clone();
            thread::sleep(QUIET);
            look = Look::at(self.args, self.vars)?;
        }
        Ok(look)
    }

    fn report(&self, phase: Phase, key: &Key, doing: &str) -> Result<()> {
        self.desk.write(&Status {
            phase,
            key: Some(key.as_str().to_owned()),
            pid: std::process::id(),
            began: self.began,
            at: now(),
            doing: doing.to_owned(),
            left: None,
        })
    }
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
