//! A shell at a pseudo terminal, its hook installed the way its users do it.

use super::{BIN, Place};
use crate::common::pty;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest that anything here may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub type Environ = BTreeMap<Vec<u8>, Vec<u8>>;

/// A shell: how it reads a file at its start, and what stands in that. In it,
/// `PROMPTED` is what a prompt writes after the hook has run.
pub struct Kind {
    pub name: &'static str,
    arguments: &'static [&'static str],
    start: &'static str,
}

pub const BASH: Kind = Kind {
    name: "bash",
    arguments: &["--noprofile", "--rcfile", "RC", "-i"],
    start: "PROMPT_COMMAND=': > PROMPTED'\nPS1='> '\neval \"$(cargo-nix hook bash)\"\n",
};
pub const ZSH: Kind = Kind {
    name: "zsh",
    arguments: &["-d", "-i"],
    start: "prompted() { : > PROMPTED }\nprecmd_functions=(prompted)\nPS1='> '\neval \"$(cargo-nix hook zsh)\"\n",
};
pub const FISH: Kind = Kind {
    name: "fish",
    arguments: &["--no-config", "-i", "-C", "source RC"],
    start: "function fish_prompt; echo > PROMPTED; echo '> '; end\ncargo-nix hook fish | source\n",
};
pub const NU: Kind = Kind {
    name: "nu",
    arguments: &["--no-std-lib", "--env-config", "EMPTY", "--config", "RC"],
    start: "$env.config.show_banner = false\n$env.PROMPT_COMMAND = {|| touch PROMPTED; '> ' }\nsource HOOK\n",
};
pub const ELVISH: Kind = Kind {
    name: "elvish",
    arguments: &["-rc", "RC"],
    start: "set edit:before-readline = [{ echo > PROMPTED }]\neval (cargo-nix hook elvish | slurp)\n",
};

pub struct Terminal {
    shell: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    prompted: PathBuf,
    files: PathBuf,
    name: &'static str,
    asked: usize,
}

impl Terminal {
    /// Starts the shell outside of every project; `more` is appended to what it
    /// reads at its start.
    pub fn open(place: &Place, kind: &Kind, more: &str, set_up: impl FnOnce(&mut Command)) -> Terminal {
        let name = format!("terminal-{}", tag());
        let files = place.path(&name);
        std::fs::create_dir_all(&files).expect("a directory");
        let prompted = files.join("prompted");
        let hook = files.join("hook");
        let file = |name: &str, text: &str| place.world.write(&format!("{}/{name}", files.display()), text);
        file("empty", "");
        let text = crate::common::success(
            place
                .world
                .command(place.bin().join("cargo-nix"))
                .args(["hook", kind.name]),
        );
        std::fs::write(&hook, text).expect("the hook");
        let fitted = |text: &str| {
            text.replace("PROMPTED", prompted.to_str().expect("UTF-8"))
                .replace("HOOK", hook.to_str().expect("UTF-8"))
        };
        // zsh has a name of its own for it.
        let rc = file(".zshrc", &fitted(&format!("{}{more}", kind.start)));

        let (keyboard, line) = pty::open(50, 200);
        let open = || pty::line(&line);

        let mut command = place.world.command("setsid");
        command.args(["--ctty", "--wait"]).arg(program(kind.name));
        for argument in kind.arguments {
            let argument = argument.replace("RC", rc.to_str().expect("UTF-8"));
            command.arg(argument.replace("EMPTY", files.join("empty").to_str().expect("UTF-8")));
        }
        let path = std::env::var_os("PATH").expect("PATH is set");
        let path = std::env::join_paths([place.bin()].into_iter().chain(std::env::split_paths(&path)));
        command
            .env("PATH", path.expect("no colon"))
            .env("TERM", "xterm")
            .env("ZDOTDIR", &files)
            .current_dir(place.path("outside"));
        set_up(&mut command);
        let shell = command
            .stdin(Stdio::from(open()))
            .stdout(Stdio::from(open()))
            .stderr(Stdio::from(open()))
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", kind.name));
        let keyboard = File::from(keyboard);
        let screen = watch(keyboard.try_clone().expect("a second handle"));
        let terminal = Terminal {
            shell,
            keyboard,
            screen,
            prompted,
            files,
            name: kind.name,
            asked: 0,
        };
        terminal.wait("the first prompt", |terminal| terminal.prompted.exists());
        terminal
    }

    /// What the shell read at its start.
    pub fn rc(&self) -> PathBuf {
        self.files.join(".zshrc")
    }

    /// Types a line; comes back at the next prompt.
    pub fn line(&mut self, text: impl AsRef<[u8]>) {
        // The shell has prompted, and now turns to its keyboard.
        sleep(Duration::from_millis(80));
        std::fs::remove_file(&self.prompted).expect("it has prompted");
        self.keyboard.write_all(text.as_ref()).expect("typed");
        self.keyboard.write_all(b"\r").expect("typed");
        let mut again = Instant::now() + Duration::from_secs(15);
        self.wait("a prompt", |terminal| {
            if Instant::now() > again {
                // It was not at its keyboard yet, and took the key for another one.
                (&terminal.keyboard).write_all(b"\r").expect("typed");
                again = Instant::now() + Duration::from_secs(15);
            }
            terminal.prompted.exists()
        });
    }

    pub fn cd(&mut self, directory: &Path) {
        self.line([b"cd '", directory.as_os_str().as_bytes(), b"'"].concat());
    }

    /// The variables that a child of the shell has.
    pub fn environ(&mut self) -> Environ {
        self.asked += 1;
        let file = self.files.join(format!("environ-{}", self.asked));
        let external = if self.name == "nu" { "^" } else { "" };
        self.line(format!("{external}{BIN} environ {}", file.display()));
        self.wait("a child's variables", |_| file.exists());
        let text = std::fs::read(&file).expect("what the child wrote");
        // What shells keep for themselves, and change at any time.
        let own = [
            "_",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "CMD_DURATION_MS",
            "LAST_EXIT_CODE",
            "DIRS_LIST",
            "DIRS_POSITION",
        ];
        text.split(|byte| *byte == 0)
            .filter_map(|line| {
                let equals = line.iter().position(|byte| *byte == b'=')?;
                Some((line[..equals].to_vec(), line[equals + 1..].to_vec()))
            })
            .filter(|(name, _)| !own.iter().any(|own| own.as_bytes() == name))
            .collect()
    }

    /// One variable, as text; `None`: not set.
    pub fn get(&mut self, name: &str) -> Option<String> {
        let value = self.environ().remove(name.as_bytes())?;
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    /// Asks until the variable is this: something in the background brings it.
    pub fn await_value(&mut self, name: &str, value: Option<&str>) {
        let end = Instant::now() + PATIENCE;
        loop {
            let now = self.get(name);
            if now.as_deref() == value {
                return;
            }
            assert!(
                Instant::now() < end,
                "{}: {name} stays {now:?} and does not become {value:?}\n{}",
                self.name,
                self.screen()
            );
            sleep(Duration::from_millis(300));
        }
    }

    /// Waits until the text was shown at least so often.
    pub fn await_shown(&self, text: &str, times: usize) {
        self.wait(text, |terminal| terminal.screen().matches(text).count() >= times);
    }

    /// All that was shown.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("no panic")).into_owned()
    }

    fn wait(&self, for_what: &str, mut done: impl FnMut(&Terminal) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(
                Instant::now() < end,
                "{}: waited for {for_what} in vain\n{}",
                self.name,
                self.screen()
            );
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Collects what is shown, and answers what shells ask a terminal.
fn watch(mut line: File) -> Arc<Mutex<Vec<u8>>> {
    let screen = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&screen);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count) = line.read(&mut buffer)
            && count > 0
        {
            let part = &buffer[..count];
            shown.lock().expect("no panic").extend_from_slice(part);
            for (question, answer) in [(&b"\x1b[6n"[..], &b"\x1b[1;1R"[..]), (b"\x1b[c", b"\x1b[?62c")] {
                if part.windows(question.len()).any(|window| window == question) {
                    let _ = line.write_all(answer);
                }
            }
        }
    });
    screen
}

fn tag() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// nushell is in a prefix of ours.
fn program(shell: &str) -> PathBuf {
    if shell != "nu" {
        return PathBuf::from(shell);
    }
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    cache.join("cargo-nix/test-tools/bin/nu")
}

/// What tells how far a project is.
pub const STATUS: &str = "CARGO_NIX_STATUS";

/// bash at a terminal, as it is.
pub fn open(place: &Place) -> Terminal {
    Terminal::open(place, &BASH, "", |_| {})
}

/// How often the terminal shows `text`.
pub fn told(terminal: &Terminal, text: &str) -> usize {
    terminal.screen().matches(text).count()
}

/// The shell has this value; if not, what the terminal shows is told.
pub fn assert_value(terminal: &mut Terminal, kind: &Kind, name: &str, value: &str) {
    assert_eq!(
        terminal.get(name).as_deref(),
        Some(value),
        "{}: {}",
        kind.name,
        terminal.screen()
    );
}
