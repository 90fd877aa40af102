//! The build service: a process of ours that lives as long as builds ask it
//! for units, and keeps evaluators running between two misses, since libnix
//! takes longer to start than a small unit to build.
//!
//! The first miss starts it, it listens on a Unix socket in the cache, and ends
//! when it was idle for [`IDLE`]. It says and hears what the evaluator does, so
//! a client cannot tell it from one.
//!
//! Never: a daemon that is left behind, or one that serves another store: the
//! socket's name is a hash over all that decides which store is meant.

use super::roots;
use crate::error::{Error, Result};
use cargo_nix_protocol::{Ask, Event, Request, Settings, UnitAsk, VERSION};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long it waits for another request.
const IDLE: Duration = Duration::from_secs(10);
/// A build that takes longer has its roots made while it goes on.
const LONG: Duration = Duration::from_secs(60);
/// What nobody waits for any more may take so long to end.
const UNWANTED: Duration = Duration::from_secs(5);
/// How often it looks whether what it does has ended.
const BEAT: Duration = Duration::from_millis(50);
/// An evaluator is replaced after so many requests: libnix frees little.
const REQUESTS: u32 = 500;

/// Serves on `socket` until nobody asks any more. Returns at once if another
/// process serves there already.
///
/// # Errors
/// The socket cannot be made.
pub fn serve(socket: &Path, evaluator: &Path) -> Result<()> {
    let lock = socket.with_extension("lock");
    let file = File::create(&lock).map_err(Error::io("creating", &lock))?;
    let deadline = Instant::now() + IDLE;
    while file.try_lock().is_err() {
        // One that is just ending holds the lock a little longer than its socket.
        let is_served = Address::of(socket).and_then(|address| address.connect()).is_ok();
        if is_served || Instant::now() > deadline {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = std::fs::remove_file(socket);
    let listener = Address::of(socket)
        .and_then(|address| UnixListener::bind(&address.path))
        .map_err(Error::io("listening on", socket))?;
    listener
        .set_nonblocking(true)
        .map_err(Error::io("listening on", socket))?;
    let pool = Pool {
        evaluator,
        idle: Mutex::new(Vec::new()),
        making: Mutex::new(HashSet::new()),
    };
    let busy = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let mut last = Instant::now();
        let mut rooted = last;
        let (mut is_found, mut is_rooted) = (true, false);
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    is_rooted = false;
                    busy.fetch_add(1, Ordering::SeqCst);
                    scope.spawn(|| {
                        // A client that went away wants no answer.
                        let _ = pool.serve(stream);
                        busy.fetch_sub(1, Ordering::SeqCst);
                    });
                    last = Instant::now();
                }
                Err(_) if busy.load(Ordering::SeqCst) > 0 => {
                    last = Instant::now();
                    if rooted.elapsed() > LONG {
                        rooted = last;
                        scope.spawn(|| roots::make(socket, |set| pool.build(set)));
                    }
                    wait(&listener, BEAT);
                }
                Err(_) if !is_found => {
                    roots::make(socket, |set| pool.build(set));
                    break;
                }
                Err(_) if last.elapsed() > IDLE && !is_rooted => {
                    roots::make(socket, |set| pool.build(set));
                    // Who came meanwhile is served first.
                    is_rooted = true;
                }
                Err(_) if is_rooted => {
                    // Who comes now finds nobody, and starts another.
                    let _ = std::fs::remove_file(socket);
                    is_found = false;
                }
                Err(_) => wait(&listener, IDLE.saturating_sub(last.elapsed()) + BEAT),
            }
        }
    });
    Ok(())
}

/// Until somebody connects, at most so long: a look every other millisecond would
/// cost the builds beside it a twentieth of a core.
fn wait(listener: &UnixListener, at_most: Duration) {
    let mut asked = [PollFd::new(listener, PollFlags::IN)];
    let timeout = Timespec::try_from(at_most).ok();
    // What interrupts it makes us look once more.
    let _ = poll(&mut asked, timeout.as_ref());
}

/// A way to the socket that the system's structure for it holds: about a hundred
/// bytes, and a cache may lie deeper.
pub(super) struct Address {
    path: PathBuf,
    /// By which the path goes.
    _directory: Option<File>,
}

impl Address {
    /// # Errors
    /// Its directory cannot be opened.
    pub(super) fn of(socket: &Path) -> std::io::Result<Address> {
        const LONGEST: usize = 100;
        let (path, directory) = match (socket.parent(), socket.file_name()) {
            (Some(parent), Some(name)) if socket.as_os_str().len() > LONGEST => {
                let directory = File::open(parent)?;
                let handle = format!("/proc/self/fd/{}", directory.as_raw_fd());
                (Path::new(&handle).join(name), Some(directory))
            }
            _ => (socket.to_path_buf(), None),
        };
        Ok(Address {
            path,
            _directory: directory,
        })
    }

    /// # Errors
    /// As of [`UnixStream::connect`].
    pub(super) fn connect(&self) -> std::io::Result<UnixStream> {
        UnixStream::connect(&self.path)
    }
}

/// Evaluators that wait for work.
struct Pool<'a> {
    evaluator: &'a Path,
    idle: Mutex<Vec<Evaluator>>,
    /// What is being made: units, and what they are made of that is not there yet.
    making: Mutex<HashSet<String>>,
}

impl Pool<'_> {
    fn serve(&self, stream: UnixStream) -> std::io::Result<()> {
        stream.set_nonblocking(false)?;
        let mut line = Vec::new();
        BufReader::new(&stream).read_until(b'\n', &mut line)?;
        let request: Request = serde_json::from_slice(&line)?;
        let _held = match &request.ask {
            Ask::Unit(plan) => self.take_turns(plan),
            _ => Turns::default(),
        };
        let mut evaluator = match self.take(&request.settings) {
            Some(evaluator) => evaluator,
            None => Evaluator::start(self.evaluator, request.settings)?,
        };
        let (done, is_done) = UnixStream::pair()?;
        let process = evaluator.child.id();
        let is_alive = std::thread::scope(|scope| {
            scope.spawn(|| end_unless_wanted(&stream, &is_done, process));
            let is_alive = evaluator.pass_on(&line, &stream);
            drop(done);
            is_alive
        })?;
        if is_alive && evaluator.served < REQUESTS {
            self.lock().push(evaluator);
        }
        Ok(())
    }

    /// Builds on our own account; whether it succeeded.
    fn build(&self, plan: &UnitAsk) -> bool {
        let settings = Settings {
            impure: true,
            sandboxed: true,
            ..Settings::default()
        };
        let idle = self.lock().pop();
        let settings = idle.as_ref().map_or(settings, |idle| idle.settings.clone());
        let request = Request {
            version: VERSION,
            settings: settings.clone(),
            ask: Ask::Unit(Box::new(plan.clone())),
        };
        let build = || -> std::io::Result<bool> {
            let mut evaluator = match idle {
                Some(evaluator) => evaluator,
                None => Evaluator::start(self.evaluator, settings)?,
            };
            let mut line = serde_json::to_vec(&request)?;
            line.push(b'\n');
            let mut said = Vec::new();
            evaluator.pass_on(&line, &mut said)?;
            let last = said.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
            let last = last.and_then(|line| serde_json::from_slice(line).ok());
            Ok(matches!(last, Some(Event::Answer(_))))
        };
        build().unwrap_or(false)
    }

    /// Waits for those who make the same unit, or something that it is made of: an
    /// evaluator that finds a derivation being built by another looks again after
    /// a second, and the first units of a build all want the same environment.
    fn take_turns(&self, plan: &UnitAsk) -> Turns<'_> {
        let mut turns = Turns {
            making: Some(&self.making),
            held: Vec::new(),
        };
        let lacking = plan.inputs.iter().filter(|input| input.derivation.is_some());
        for name in lacking
            .map(|input| input.path.clone())
            .chain([super::key::of(plan)])
        {
            let is_made = || Path::new(&name).exists() && !is_held(&format!("{name}.lock"));
            while !is_made() {
                if locked(&self.making).insert(name.clone()) {
                    turns.held.push(name);
                    break;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        turns
    }

    fn take(&self, settings: &Settings) -> Option<Evaluator> {
        let mut idle = self.lock();
        let at = idle
            .iter()
            .rposition(|evaluator| evaluator.settings == *settings)?;
        Some(idle.swap_remove(at))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Evaluator>> {
        locked(&self.idle)
    }
}

/// Ends the evaluator, and the builder with it, if the client goes and nothing has
/// come of it for a while then: a build script may never end. What takes less is
/// there for the next build.
fn end_unless_wanted(client: &UnixStream, is_done: &UnixStream, evaluator: u32) {
    let hung_up = |stream: &UnixStream, others: Option<&UnixStream>, at_most: Option<Duration>| {
        let mut asked = vec![PollFd::new(stream, PollFlags::empty())];
        asked.extend(others.map(|other| PollFd::new(other, PollFlags::empty())));
        let timeout = at_most.and_then(|time| Timespec::try_from(time).ok());
        while matches!(poll(&mut asked, timeout.as_ref()), Err(rustix::io::Errno::INTR)) {}
        asked[0].revents().contains(PollFlags::HUP)
    };
    if hung_up(is_done, Some(client), None) || hung_up(is_done, None, Some(UNWANTED)) {
        return;
    }
    let process = i32::try_from(evaluator)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(process) = process {
        // Its builder is told of its death by the system.
        let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Nix takes the lock of a path away when the path is valid; of one that a killed
/// process left there, nobody holds it.
fn is_held(lock: &str) -> bool {
    File::open(lock).is_ok_and(|lock| lock.try_lock().is_err())
}

/// What a request makes; given up when it is dropped.
#[derive(Default)]
struct Turns<'a> {
    making: Option<&'a Mutex<HashSet<String>>>,
    held: Vec<String>,
}

impl Drop for Turns<'_> {
    fn drop(&mut self) {
        if let Some(making) = self.making {
            let mut making = locked(making);
            for name in &self.held {
                making.remove(name);
            }
        }
    }
}

/// A running `cargo-nix-eval`; it ends when it is dropped.
struct Evaluator {
    child: Child,
    requests: Option<ChildStdin>,
    events: BufReader<ChildStdout>,
    settings: Settings,
    served: u32,
}

impl Evaluator {
    fn start(program: &Path, settings: Settings) -> std::io::Result<Evaluator> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let gone = || std::io::Error::from(ErrorKind::BrokenPipe);
        let requests = Some(child.stdin.take().ok_or_else(gone)?);
        let events = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        Ok(Evaluator {
            child,
            requests,
            events,
            settings,
            served: 0,
        })
    }

    /// Hands a request over and the events back; `false` if the evaluator ended.
    fn pass_on(&mut self, request: &[u8], mut client: impl Write) -> std::io::Result<bool> {
        self.served += 1;
        if let Some(requests) = &mut self.requests {
            requests.write_all(request)?;
            requests.flush()?;
        }
        let mut is_client_there = true;
        loop {
            let mut line = Vec::new();
            if self.events.read_until(b'\n', &mut line)? == 0 {
                return Ok(false);
            }
            // The answer is awaited for a while even if nobody wants it: what is
            // half-built now would have to be built again.
            is_client_there = is_client_there && client.write_all(&line).is_ok();
            match serde_json::from_slice::<Event>(&line)? {
                Event::Progress(_) => {}
                Event::Answer(_) | Event::Failure(_) => return Ok(true),
            }
        }
    }
}

impl Drop for Evaluator {
    fn drop(&mut self) {
        // The end of its input is its end.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
