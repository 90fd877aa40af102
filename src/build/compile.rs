//! A unit of rustc, from cargo's call to its outputs in the target directory.

use super::context::Context;
use super::index::Tracked;
use super::invocation::{Call, Invocation};
use super::messages::{self, Wanted};
use super::paths::Rewriter;
use super::place::Here;
use super::plan::{self, Given, Ran, Variables};
use super::report::{self, Asked};
use super::script::Run;
use super::sidecar::Sidecar;
use super::workshop::{Obtained, Package, Unserved, Workshop};
use super::{
    Local, argfile, chained, depinfo, heal, invocation, libraries, place, probe, roots, seed, tree, workshop,
};
use crate::bounded;
use crate::cache::units;
use crate::env::render::is_identifier;
use crate::error::Error;
use crate::vars::Vars;
use cargo_nix_protocol::StoreInput;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// `RUSTC_WRAPPER rustc arguments…`: serves the unit from the store, or
/// replaces this process by rustc.
pub fn main(words: &[OsString]) -> ExitCode {
    let vars = Vars::read();
    let Some((rustc, arguments)) = words.split_first() else {
        crate::say!(
            "error: cargo-nix-rustc is what RUSTC_WRAPPER names; cargo calls it with rustc and its arguments"
        );
        return ExitCode::from(2);
    };
    let wrapped = chained::wrapped(arguments);
    let own = &arguments[usize::from(wrapped.is_some())..];
    let call = argfile::expand(own, |path| bounded::read(path, bounded::LARGE))
        .and_then(|words| invocation::parse(&words));
    let unit = match &call {
        Ok(Call::Compile(unit)) => unit,
        Ok(Call::Probe) if vars.units && wrapped.is_none() => {
            let Some(context) = probe::answer(&vars, rustc, arguments) else {
                return exec(&vars, rustc, arguments, None);
            };
            let is_first = probe::is_first(arguments, |name| std::env::var_os(name));
            if is_first {
                if let Some(reason) = workshop::another_asked_for(&context, |name| std::env::var_os(name)) {
                    report::tell(&vars, &reason, "this");
                    return ExitCode::SUCCESS;
                }
                seed::begin(&context, &vars);
                tree::look_ahead(&context, &vars);
            }
            return ExitCode::SUCCESS;
        }
        Ok(Call::Probe) | Err(_) => return exec(&vars, rustc, arguments, None),
    };
    if !vars.units {
        return exec(&vars, rustc, arguments, Some(unit));
    }
    let variables: Variables = std::env::vars_os().collect();
    let asked = Asked::compile(unit, &vars);
    match serve(unit, rustc, wrapped, &vars, variables) {
        Ok(obtained) => {
            asked.served(&obtained);
            ExitCode::SUCCESS
        }
        // Of a failure, too: cargo's users know rustc's errors best from rustc.
        // It says them again, here, about the source where the user sees it. If
        // it has none to say, then only the sandbox was at fault.
        Err(unserved) => {
            asked.left(&unserved);
            let searched = unit
                .values("-L")
                .map(|value| value.to_string_lossy().into_owned());
            let mentioned: Vec<String> = searched.chain(run(unit).map(|run| run.path)).collect();
            heal::mentioned(&mentioned, &vars);
            exec(&vars, rustc, arguments, Some(unit))
        }
    }
}

fn serve(
    unit: &Invocation,
    rustc: &OsStr,
    wrapped: Option<&OsStr>,
    vars: &Vars,
    variables: Variables,
) -> Result<Obtained, Unserved> {
    let (workshop, package) = Workshop::open(vars, variables)?;
    if wrapped.is_some() {
        return Err(Local::because(format!("{} compiles it", rustc.display())).into());
    }
    workshop.check_compiler(rustc)?;
    let dependencies = dependencies(unit, &workshop)?;
    let ran = ran(unit, &workshop)?;
    let obtained = obtain(unit, &dependencies, ran.as_ref(), &workshop, &package)?;
    finish(unit, &obtained, &workshop, &package)?;
    Ok(obtained)
}

/// The store path of each `--extern` that has a path, in order.
fn dependencies(unit: &Invocation, workshop: &Workshop) -> Result<Vec<StoreInput>, Unserved> {
    let input = |path: &PathBuf| {
        let sidecar = Sidecar::of(path)
            .ok_or_else(|| Local::because(format!("it depends on {}, which is local", path.display())))?;
        let input = StoreInput {
            path: sidecar.path,
            derivation: Some(sidecar.derivation),
        };
        heal::restore(&input, &workshop.index, &workshop.builder)?;
        Ok(input)
    };
    unit.externs
        .iter()
        .filter_map(|dependency| dependency.path.as_ref())
        .map(input)
        .collect()
}

/// What the package's build script left, if it has one.
fn ran(unit: &Invocation, workshop: &Workshop) -> Result<Option<Ran>, Unserved> {
    let Some(out_dir) = out_dir(unit) else {
        return Ok(None);
    };
    let run =
        Run::of(&out_dir).ok_or_else(|| Local::because("its build script ran outside of the sandbox"))?;
    let input = run.input(workshop)?;
    let rustc_env = run
        .rustc_env()
        .map_err(|error| Local::because(error.to_string()))?;
    Ok(Some(Ran {
        out_dir,
        input: Some(input),
        rustc_env,
    }))
}

/// The `OUT_DIR` of the unit's package, if it has a script: one of the target directory
/// that the unit is put into. Cargo leaves the one that it has inherited, from a script
/// or a test that started it.
fn out_dir(unit: &Invocation) -> Option<PathBuf> {
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR")?);
    let unit = &unit.out_dir;
    // `<profile>/deps`, and in the new layout `<profile>/build/<package>/<hash>/out`.
    let profiles = [1, 4].into_iter().filter_map(|above| unit.ancestors().nth(above));
    let mut builds = profiles.map(|profile| profile.join("build"));
    let is_its_own = !unit.starts_with(&out_dir) && builds.any(|build| out_dir.starts_with(build));
    is_its_own.then_some(out_dir)
}

/// The run of the script of a local unit's package, if it was in the sandbox.
fn run(unit: &Invocation) -> Option<Run> {
    Run::of(&out_dir(unit)?)
}

/// What the unit is linked with, and what it runs: the directories of `-L`, and
/// those that cargo has the dynamic linker search for proc-macros.
fn searched(unit: &Invocation, workshop: &Workshop) -> Vec<PathBuf> {
    let linked = unit.values("-L").map(|value| {
        let text = value.to_string_lossy();
        PathBuf::from(text.split_once('=').map_or(&*text, |(_, path)| path))
    });
    linked.chain(libraries::searched(&workshop.variables)).collect()
}

fn obtain(
    unit: &Invocation,
    dependencies: &[StoreInput],
    ran: Option<&Ran>,
    workshop: &Workshop,
    package: &Package,
) -> Result<Obtained, Unserved> {
    let derivation_of = |path: &str| workshop.index.derivation_of(path);
    let others = libraries::out_dirs(&searched(unit, workshop), workshop)?;
    workshop.obtain(
        &|tracked| {
            let given = Given {
                context: &workshop.context,
                environment: &package.environment,
                source: &package.source,
                ran,
                variables: &workshop.variables,
                tracked,
                others: &others,
                own: &package.own,
                derivation_of: &derivation_of,
                exists: &Path::exists,
            };
            plan::compile(unit, dependencies, &given)
        },
        &|record, plan| {
            let path = Path::new(&record.path)
                .join("lib")
                .join(format!("{}.d", unit.stem()));
            let text = read(&path)?;
            let store = Path::new(&workshop.context.store_dir);
            let outside = |path: &PathBuf| path.is_absolute() && !path.starts_with(store);
            if let Some(path) = depinfo::files(&text).into_iter().find(outside) {
                return Err(Local::because(format!(
                    "it reads {}, which is outside of the store",
                    path.display()
                )));
            }
            let mut variables: BTreeSet<String> = depinfo::variables(&text);
            variables.retain(|name| !plan.variables.contains_key(name));
            Ok(Tracked {
                variables,
                absent: BTreeSet::new(),
            })
        },
        &|failure| messages::wanted_variables(&failure.log),
    )
}

/// Places the outputs, then says what rustc said.
fn finish(
    unit: &Invocation,
    obtained: &Obtained,
    workshop: &Workshop,
    package: &Package,
) -> Result<(), Unserved> {
    let cannot = |error: Error| Local::because(error.to_string());
    let lib = Path::new(&obtained.record.path).join("lib");
    let text = |path: &Path| {
        path.to_str()
            .map(str::to_owned)
            .ok_or_else(|| Local::because("a path is not UTF-8"))
    };
    let (out_dir, root) = (text(&unit.out_dir)?, text(&package.source.root)?);
    let source = PathBuf::from(&package.source.input.path);
    let rules = |escape: fn(&str) -> String| {
        Rewriter::new([(lib.clone(), escape(&out_dir)), (source.clone(), escape(&root))])
    };
    let rewriter = rules(depinfo::escape);
    let value_of = |name: &str| workshop.variables.get(OsStr::new(name)).cloned();
    // What the unit depends on besides what its `.d` says.
    let more: String = [workshop.crate_variable().as_str(), units::EVERY]
        .map(|name| depinfo::env_dep(name, value_of(name).as_deref()))
        .concat();
    let here = Here {
        shim: unit.is_build_script().then_some(workshop.program.as_path()),
        dep_info: &|text| depinfo::rewrite(&text, &rewriter, value_of) + &more,
        stamp: None,
    };
    place::unit(
        &obtained.key,
        &obtained.record,
        &unit.out_dir,
        &unit.stem(),
        &here,
    )
    .map_err(cannot)?;
    let path = Path::new(&obtained.record.path).join("unit/stderr");
    let recorded = read(&path)?;
    let said = messages::replay(&recorded, Wanted::by(unit), &rules(str::to_owned));
    roots::mark(
        &unit.out_dir,
        &workshop.builder,
        &workshop.context.system,
        &workshop.index,
    );
    // Nobody listens if cargo is gone.
    let _ = std::io::stderr().write_all(said.as_bytes());
    // Of proc-macros; most write nothing there.
    if let Ok(printed) = bounded::read(&path.with_file_name("stdout"), bounded::LARGE) {
        let _ = std::io::stdout().write_all(&printed);
    }
    Ok(())
}

/// A text that the unit left in the store.
fn read(path: &Path) -> Result<String, Local> {
    bounded::read(path, bounded::LARGE)
        .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other))
        .map_err(|error| Local::because(format!("{} cannot be read: {error}", path.display())))
}

/// Replaces this process by rustc (by way of the wrapper that the user had).
fn exec(vars: &Vars, rustc: &OsStr, arguments: &[OsString], unit: Option<&Invocation>) -> ExitCode {
    let itself = itself(vars, rustc, arguments).unwrap_or_else(|| vec![rustc.into()]);
    let wrapper = chained::wrapper(vars, &chained::asked_in()).map(PathBuf::into_os_string);
    let words: Vec<OsString> = wrapper.into_iter().chain(itself).collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(arguments);
    if let Some(unit) = unit {
        if let Err(error) = place::clear(&unit.out_dir, &unit.stem()) {
            crate::say!("error: {error}");
            return ExitCode::from(error.exit_code());
        }
        // A script that ran in the sandbox has its OUT_DIR in the store.
        if let Some(run) = run(unit)
            && Path::new(&run.path).exists()
        {
            command.env("OUT_DIR", format!("{}/out", run.path));
        }
        let variable = workshop::crate_variable(&std::env::vars_os().collect());
        if std::env::var_os(&variable).is_some() {
            return watched(command, unit, &variable);
        }
    }
    let error = command.exec();
    not_started(&command, &error)
}

/// The environment's rustc without the script of sh before it, if there is a variable
/// that sh would drop.
fn itself(vars: &Vars, rustc: &OsStr, arguments: &[OsString]) -> Option<Vec<OsString>> {
    let is_kept = |name: &OsString| name.to_str().is_some_and(is_identifier);
    let gives_sysroot = |word: &OsString| word.as_bytes().starts_with(b"--sysroot");
    if std::env::vars_os().all(|(name, _)| is_kept(&name)) || arguments.iter().any(gives_sysroot) {
        return None;
    }
    let context = Context::read(vars.units_context.as_deref()?).ok()?;
    let is_ours = context.is_rustc(rustc, std::env::var_os("PATH").as_deref());
    let words = context.rustc_itself().filter(|_| is_ours)?;
    Some(words.into())
}

/// Runs rustc for a unit of a package that crate-env.nix names, and tells cargo
/// that the unit depends on what it says.
fn watched(mut command: Command, unit: &Invocation, variable: &str) -> ExitCode {
    let status = match command.status() {
        Ok(status) => status,
        Err(error) => return not_started(&command, &error),
    };
    let path = unit.out_dir.join(format!("{}.d", unit.stem()));
    let line = depinfo::env_dep(variable, std::env::var_os(variable).as_deref());
    if status.success()
        && let Ok(mut file) = std::fs::File::options().append(true).open(path)
    {
        let _ = file.write_all(line.as_bytes());
    }
    // As sh tells of a signal.
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn not_started(command: &Command, error: &std::io::Error) -> ExitCode {
    crate::say!("error: starting {}: {error}", command.get_program().display());
    ExitCode::from(7)
}
