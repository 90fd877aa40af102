//! What is told of a unit after it was served or not: to the journal, to
//! whoever set `CARGO_NIX_DEBUG`, and, once in a build, to the user of an
//! environment that is of no use.

use super::invocation::{Argument, Invocation};
use super::journal::{self, Entry, Outcome};
use super::workshop::{Obtained, Unserved};
use super::{Local, origin};
use crate::vars::Vars;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A unit that is being looked after, since a moment ago.
pub struct Asked<'a> {
    vars: &'a Vars,
    began: SystemTime,
    entry: Entry,
    /// A build script asks rustc, too, what it can do.
    is_cargos: bool,
}

impl<'a> Asked<'a> {
    /// A call of rustc.
    pub fn compile(unit: &Invocation, vars: &'a Vars) -> Asked<'a> {
        let is_test = unit.arguments.contains(&Argument::Switch("--test"));
        let kind = if unit.is_build_script() {
            "build-script".to_owned()
        } else if is_test {
            "test".to_owned()
        } else {
            unit.crate_types.join("+")
        };
        let check = !unit.emit.iter().any(|kind| kind == "link");
        let mut asked = Asked::new(vars, kind, check, unit.stem(), &unit.out_dir);
        // Of cargo's, the process above is cargo.
        asked.is_cargos = ["OUT_DIR", "HOST", "NUM_JOBS"]
            .iter()
            .any(|name| std::env::var_os(name).is_none());
        asked
    }

    /// The run of a build script.
    pub fn run(out_dir: Option<&Path>, vars: &'a Vars) -> Asked<'a> {
        let dir = out_dir.and_then(Path::parent).unwrap_or(Path::new(""));
        let stem = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Asked::new(vars, "run".into(), false, stem, dir)
    }

    fn new(vars: &'a Vars, kind: String, check: bool, stem: String, dir: &Path) -> Asked<'a> {
        let began = SystemTime::now();
        let variable = |name: &str| {
            std::env::var_os(name).map_or(String::new(), |value| value.to_string_lossy().into_owned())
        };
        let entry = Entry {
            outcome: Outcome::Local,
            package: variable("CARGO_PKG_NAME"),
            version: variable("CARGO_PKG_VERSION"),
            kind,
            check,
            stem,
            dir: dir.to_string_lossy().into_owned().into(),
            start: journal::micros(began),
            took: None,
            before: None,
            cost: None,
            path: None,
            source: None,
            reason: None,
        };
        Asked {
            vars,
            began,
            entry,
            is_cargos: true,
        }
    }

    /// It was served.
    pub fn served(mut self, obtained: &Obtained) {
        self.entry.outcome = obtained.outcome;
        self.entry.took = self.began.elapsed().ok().map(journal::micros_of);
        self.entry.cost = obtained.record.seconds;
        self.entry.path = Some(obtained.record.path.clone());
        self.entry.source = Some(obtained.root.clone());
        self.note();
    }

    /// It was not, and rustc (or the script itself) does it now.
    pub fn left(mut self, unserved: &Unserved) {
        let reason = unserved.reason();
        let Entry {
            package,
            kind,
            stem,
            dir,
            ..
        } = &self.entry;
        if self.vars.debug && kind == "run" {
            aside(&format!(
                "cargo-nix: this build script runs outside of the sandbox: {reason}"
            ));
        } else if self.vars.debug {
            aside(&format!("cargo-nix: {stem} is local: {reason}"));
        } else if let Unserved::Without(reason) = unserved {
            tell(self.vars, reason, package);
        }
        if kind != "run" {
            self.entry.before = journal::written(dir, stem, package);
        }
        self.failed(unserved);
    }

    /// It was not, and nothing else does it.
    pub fn failed(mut self, unserved: &Unserved) {
        if let Unserved::Failed(_) = unserved {
            self.entry.outcome = Outcome::Failed;
            self.entry.took = self.began.elapsed().ok().map(journal::micros_of);
        }
        self.entry.reason = Some(unserved.reason().to_owned());
        self.note();
    }

    fn note(self) {
        if let (true, Ok(cache)) = (self.is_cargos, self.vars.cache_dir()) {
            journal::note(&cache, self.entry);
        }
    }
}

impl Entry {
    /// Whether it is the user's own, which is compiled where it lies.
    pub fn is_member(&self) -> bool {
        self.reason.as_deref() == Some(Local::because(origin::MEMBER).0.as_str())
    }
}

/// Says once in a build that it gets nothing from the store, and why.
pub fn tell(vars: &Vars, reason: &str, package: &str) {
    let cache = vars.cache_dir().ok();
    if !journal::said_once(cache.as_deref(), "without") {
        return;
    }
    let text = format!(
        "cargo-nix: {reason}: cargo compiles {package} and all the rest by itself\n  \
         `cargo nix doctor` says what is amiss; without RUSTC_WRAPPER nobody asks cargo-nix"
    );
    aside(&text);
}

/// Says it where cargo itself writes: what is written to our own standard error,
/// cargo says again in every later build in which the unit is fresh. Where there is
/// no /proc, that is all there is.
fn aside(text: &str) {
    let process = PathBuf::from(format!("/proc/{}", journal::cargo_process()));
    if !process.exists() {
        return crate::say::line(text);
    }
    if let Some((mut screen, clear)) = screen(&process) {
        let _ = screen.write_all(format!("{clear}{}\n", crate::say::printable(text)).as_bytes());
    }
}

/// Where the process writes its errors, and what clears its line of progress. In a
/// file that is not appended to, we would write over its words, or it over ours; a
/// socket cannot be opened. There `cargo nix stats` has to do.
fn screen(process: &Path) -> Option<(File, &'static str)> {
    let path = process.join("fd/2");
    let kind = std::fs::metadata(&path).ok()?.file_type();
    if kind.is_file() && !is_appended(process) {
        return None;
    }
    let screen = File::options().append(true).open(&path).ok()?;
    let clear = if screen.is_terminal() { "\r\x1b[K" } else { "" };
    Some((screen, clear))
}

/// Whether its standard error was opened to append, as with `2>>log`; proc_pid_fdinfo(5).
fn is_appended(process: &Path) -> bool {
    let told = std::fs::read_to_string(process.join("fdinfo/2")).unwrap_or_default();
    let flags = told.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags as u32 & rustix::fs::OFlags::APPEND.bits() != 0)
}
