//! `cargo-nix config`: what the environment sets, in `.cargo/config.toml`, for
//! editors and scripts that start outside of it. On request only.

use super::output::{self, print};
use crate::build::config::{Lines, Table, insert, remove};
use crate::build::context::Context;
use crate::build::index::Index;
use crate::build::realise::Builder;
use crate::build::{chained, roots};
use crate::cache::units;
use crate::cli::{ConfigArgs, ObtainArgs};
use crate::env::{Env, Obtained, obtain};
use crate::error::{Error, Result};
use crate::project::Project;
use crate::sealed;
use crate::vars::{LOCAL_WRAPPER, RUSTC_WRAPPER, UNITS_CONTEXT, Vars};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) fn run(args: &ConfigArgs) -> Result<ExitCode> {
    let vars = Vars::read();
    if args.remove {
        return take_out(args.obtain.project.as_deref());
    }
    let obtained = obtain(&args.obtain, &vars)?;
    let cache = vars.cache_dir()?;
    let home = cache
        .join("projects")
        .join(obtained.project.id().to_hex().as_str());
    let context_file = home.join("units");
    let slot = cache.join("slots").join(obtained.key.as_str()).join(units::FILE);
    let context = Context::read(&slot).map_err(|reason| Error::Machine {
        message: format!(
            "the environment does not say what it compiles with: {reason}\n  `cargo nix env` makes it anew"
        ),
    })?;
    let lines = lines(&obtained, &context, &context_file, &vars, &cache)?;
    if args.print {
        print(&lines.text())?;
        return Ok(ExitCode::SUCCESS);
    }
    let file = file(obtained.project.directory());
    let old = read(&file)?;
    let new = insert(old.as_deref(), &lines).map_err(|reason| refused(&file, &reason))?;
    // First what it names, then the file that names it.
    let bytes = std::fs::read(&slot).map_err(Error::io("reading", &slot))?;
    sealed::replace(&context_file, &[&bytes])?;
    hold(&context, &home, &args.obtain, &cache, &vars);
    if old.as_deref() == Some(new.as_str()) {
        crate::say!("{} is as it should be", file.display());
    } else {
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory).map_err(Error::io("creating", directory))?;
        }
        output::file(&file, new.as_bytes())?;
        crate::say!(
            "wrote {}\n  it stands for the environment as it is now; write it again when the toolchain changes, \
             `cargo nix config --remove` takes it out",
            file.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Where cargo reads a directory's configuration; it, too, prefers the name
/// without an extension.
fn file(directory: &Path) -> PathBuf {
    let dir = directory.join(".cargo");
    let old = dir.join("config");
    if old.is_file() {
        old
    } else {
        dir.join("config.toml")
    }
}

fn read(file: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("reading", file)(error)),
    }
}

fn refused(file: &Path, reason: &str) -> Error {
    Error::Project {
        message: format!("{} is left as it is: {reason}", file.display()),
    }
}

/// What goes into the file.
fn lines(
    obtained: &Obtained,
    context: &Context,
    context_file: &Path,
    vars: &Vars,
    cache: &Path,
) -> Result<Lines> {
    let text = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| Error::Machine {
            message: format!(
                "{} is not UTF-8, which a configuration of cargo has to be",
                path.display()
            ),
        })
    };
    let bin = Path::new(&context.toolchain.path).join("bin");
    let mut build = vec![("rustc-wrapper".to_owned(), text(&units::wrapper(cache)?)?)];
    for tool in ["rustc", "rustdoc"] {
        if bin.join(tool).exists() {
            build.push((tool.to_owned(), text(&bin.join(tool))?));
        }
    }
    let mut env = variables(&obtained.env);
    env.push((UNITS_CONTEXT.into(), text(context_file)?));
    let theirs = [&vars.rustc_wrapper, &vars.local_wrapper];
    if let Some(theirs) = theirs.into_iter().flatten().find(|path| !chained::is_ours(path)) {
        env.push((LOCAL_WRAPPER.into(), text(theirs)?));
    }
    Ok(Lines {
        tables: vec![
            Table {
                name: "build",
                keys: build,
            },
            Table {
                name: "env",
                keys: env,
            },
        ],
    })
}

/// The environment's own variables; those for which there is more to do than
/// to set them (PATH) cannot be said in a configuration.
fn variables(env: &Env) -> Vec<(String, String)> {
    let is_cargos =
        |name: &str| name == RUSTC_WRAPPER || name.starts_with("CARGO_NIX_") && !units::is_read(name);
    let set = env.variables.iter().filter(|(name, _)| !is_cargos(name));
    set.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Keeps the collector from what the file names, for as long as the project is
/// known. If that fails, what it takes is told of when cargo misses it.
fn hold(context: &Context, home: &Path, args: &ObtainArgs, cache: &Path, vars: &Vars) {
    let index = Index::below(cache);
    let Ok(builder) = Builder::below(index.dir(), vars, context.sandbox_paths.clone()) else {
        return;
    };
    let held = [&context.toolchain, &context.environment]
        .into_iter()
        .chain(&context.environments)
        .cloned()
        .collect();
    let set = roots::set("cargo-nix-config", &context.system, home.join("units-held"), held);
    if builder.unit(&set).is_err() && !args.quiet {
        crate::say!(
            "warning: no GC root could be made for what the configuration names; a collection may take it"
        );
    }
}

fn take_out(project: Option<&Path>) -> Result<ExitCode> {
    let directory = match Project::find(project) {
        Ok(project) => project.directory().to_owned(),
        // What was written may be taken out where there is no project any more.
        Err(Error::NoProject { start }) => start,
        Err(error) => return Err(error),
    };
    let file = file(&directory);
    let old = read(&file)?.unwrap_or_default();
    let (new, is_ours) = remove(&old).map_err(|reason| refused(&file, &reason))?;
    if new == old {
        crate::say!("{} holds nothing of ours", file.display());
    } else if is_ours && new.is_empty() {
        std::fs::remove_file(&file).map_err(Error::io("removing", &file))?;
        // With other files in it, it stays.
        let _ = file.parent().map(std::fs::remove_dir);
        crate::say!("removed {}", file.display());
    } else {
        output::file(&file, new.as_bytes())?;
        crate::say!("took what was ours out of {}", file.display());
    }
    Ok(ExitCode::SUCCESS)
}
