//! A plan in the making: arguments and variables in the terms of the sandbox, and
//! what stands in them that is none of the unit's.

use super::super::invocation::Argument;
use super::super::origin::{MEMBER, store_name};
use super::super::paths::{Rewriter, Visible, leaving};
use super::super::{Local, libraries, names, refused};
use super::{Given, utf8};
use crate::env::render::is_identifier;
use cargo_nix_protocol::{StoreInput, UnitAsk};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;

/// See the module.
pub(super) struct Planner<'a> {
    given: &'a Given<'a>,
    visible: Visible,
    rewriter: Rewriter,
    pub(super) arguments: Vec<String>,
    pub(super) variables: BTreeMap<String, String>,
    /// Those that sh would not pass on.
    odd: BTreeMap<String, String>,
    pub(super) inputs: BTreeSet<StoreInput>,
    json: BTreeSet<String>,
    names: BTreeSet<String>,
    is_capped: bool,
}

impl<'a> Planner<'a> {
    pub(super) fn new(given: &'a Given) -> Planner<'a> {
        let source = (given.source.root.clone(), given.source.input.path.clone());
        let ran = given
            .ran
            .and_then(|ran| Some((ran.out_dir.clone(), format!("{}/out", ran.input.as_ref()?.path))));
        let inputs = [&given.context.toolchain, given.environment, &given.source.input];
        Planner {
            visible: given.context.visible(),
            rewriter: Rewriter::new(
                [Some(source), ran]
                    .into_iter()
                    .flatten()
                    .chain(given.others.iter().cloned()),
            ),
            given,
            arguments: Vec::new(),
            variables: BTreeMap::new(),
            odd: BTreeMap::new(),
            inputs: inputs.into_iter().cloned().collect(),
            json: BTreeSet::new(),
            names: BTreeSet::new(),
            is_capped: false,
        }
    }

    /// An argument of rustc in the terms of the sandbox.
    pub(super) fn argument(
        &mut self,
        argument: &Argument,
        externs: &mut std::slice::Iter<StoreInput>,
    ) -> Result<(), Local> {
        match argument {
            // From where cargo calls rustc for members, which may not be where
            // their package is.
            Argument::Input(path) if Path::new(path).is_relative() => {
                return Err(Local::because(MEMBER));
            }
            Argument::Input(path) => {
                let path = self.accounted(path)?;
                self.arguments.push(path);
            }
            Argument::Switch("--test") => return Err(Local::because("it is a test")),
            Argument::Switch("-v" | "--verbose") => {}
            Argument::Switch(name) => self.arguments.push((*name).to_owned()),
            Argument::Option("--out-dir" | "--error-format" | "--color" | "--diagnostic-width", _) => {}
            Argument::Option("--cap-lints", value) => self.is_capped = *value == "allow" || *value == "warn",
            // How diagnostics look is the caller's affair; how long the parts of a
            // compilation took is nobody's who does not compile.
            Argument::Option("--json", value) => self.json.extend(
                utf8(value)?
                    .split(',')
                    .filter(|part| !["diagnostic-short", "timings"].contains(part))
                    .map(str::to_owned),
            ),
            Argument::Option("--extern", value) => self.external(value, externs)?,
            Argument::Option("--remap-path-prefix", value) => self.remap(value)?,
            Argument::Option(name, value) => {
                let text = utf8(value)?;
                refused::check(name, &text)?;
                if !(*name == "-L" && text.starts_with("dependency=")) {
                    let text = self.accounted(value)?;
                    self.option(name, &text);
                }
            }
        }
        Ok(())
    }

    fn option(&mut self, name: &str, value: &str) {
        let equals = if name.starts_with("--") { "=" } else { "" };
        self.arguments.push(format!("{name}{equals}{value}"));
    }

    /// `--extern name=/target/…/libx.rmeta` becomes that file in the store.
    fn external(&mut self, value: &OsStr, externs: &mut std::slice::Iter<StoreInput>) -> Result<(), Local> {
        let text = utf8(value)?;
        let text = match text.split_once('=') {
            None => text,
            Some((name, path)) => {
                let input = externs
                    .next()
                    .ok_or_else(|| Local::because("a dependency is not known"))?;
                let file = path.rsplit('/').next().unwrap_or_default();
                format!("{name}={}/lib/{file}", input.path)
            }
        };
        self.option("--extern", &text);
        Ok(())
    }

    /// A rule of the user's own holds for the source in the store as well; one
    /// for other places has nothing to match in the sandbox.
    fn remap(&mut self, value: &OsStr) -> Result<(), Local> {
        let text = utf8(value)?;
        let (from, to) = text
            .rsplit_once('=')
            .ok_or_else(|| Local::because("--remap-path-prefix lacks a ="))?;
        let root = &self.given.source.root;
        let rule = if let Ok(rest) = root.strip_prefix(from) {
            let to = Path::new(to).join(rest);
            Some(format!(
                "{}={}",
                self.given.source.input.path,
                utf8(to.as_os_str())?
            ))
        } else if Path::new(from).starts_with(root) {
            Some(format!("{}={to}", self.rewriter.apply(from)))
        } else {
            None
        };
        if let Some(rule) = rule {
            self.option("--remap-path-prefix", &rule);
        }
        Ok(())
    }

    /// The same, of one that the environment may set as well: this process's counts.
    pub(super) fn given(&mut self, name: &str) -> Result<(), Local> {
        self.variable(name)?;
        self.counts(name);
        Ok(())
    }

    /// Notes that the value that is set counts, whatever the environment sets.
    fn counts(&mut self, name: &str) {
        // What is no name for sh, the environment cannot set.
        if self.variables.contains_key(name) {
            self.names.insert(name.to_owned());
        }
    }

    /// Passes a variable of this process on, if it is set.
    fn variable(&mut self, name: &str) -> Result<(), Local> {
        let Some(value) = self.given.variables.get(OsStr::new(name)) else {
            return Ok(());
        };
        let value = self
            .accounted(value)
            .and_then(|value| refused::in_variable(&value).map(|()| value))
            .map_err(|Local(reason)| Local(format!("{reason} (in ${name})")))?;
        match is_identifier(name) {
            true => self.set(name, value),
            false => {
                self.odd.insert(name.to_owned(), value);
                Ok(())
            }
        }
    }

    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), Local> {
        if UnitAsk::is_reserved(name) {
            return Err(Local::because(format!(
                "the variable {name} means something to Nix"
            )));
        }
        self.variables.insert(name.to_owned(), value);
        Ok(())
    }

    /// A value in the terms of the sandbox, the store paths in it noted as inputs.
    fn accounted(&mut self, value: &OsStr) -> Result<String, Local> {
        let text = self.rewriter.apply(&utf8(value)?);
        self.visible.accounted(&text, self.given.exists)?;
        for path in self.visible.store_paths(&text) {
            if !self.inputs.iter().any(|input| input.path == path) {
                self.inputs.insert(StoreInput {
                    path: path.to_owned(),
                    derivation: (self.given.derivation_of)(path),
                });
            }
        }
        Ok(text)
    }

    /// Makes sure that a relative path in a value leads nowhere beside the package:
    /// in the store there is something else.
    fn stays_inside(&self, text: &str) -> Result<(), Local> {
        let source = self.given.source;
        let directory = source.directory(self.given.variables);
        match leaving(text, directory, &source.root).find(|path| (self.given.exists)(path)) {
            Some(path) => Err(Local::because(format!(
                "it is given {}, which is beside the package",
                path.display()
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn finish(mut self, script: &str, suffix: &str) -> Result<UnitAsk, Local> {
        let given = self.given;
        let has_its_own = if suffix == "-run" {
            names::is_builders
        } else {
            names::is_compilers
        };
        for (name, value) in given.variables {
            // What Cargo.toml says of the package is text, whatever it looks like.
            if let Some(name) = name.to_str().filter(|name| name.starts_with("CARGO_PKG_")) {
                let value = utf8(value)?;
                self.set(name, value)?;
                self.counts(name);
            }
        }
        let found = libraries::found(given.variables, given.others)?;
        if !found.is_empty() {
            let found = self.accounted(&found)?;
            self.set("unitLibraries", found)?;
        }
        // The compiler of nixpkgs heeds it.
        self.given("NIX_RUSTFLAGS")?;
        for name in given.tracked.iter().filter(|name| !given.own.contains(name)) {
            if let Some(value) = given.variables.get(OsStr::new(name)) {
                let text = self.rewriter.apply(&utf8(value)?);
                self.visible.makes_nothing(&text, given.exists)?;
                self.stays_inside(&text)?;
            }
            if has_its_own(name) {
                return Err(Local::because(format!(
                    "it reads ${name}, of which a sandbox has its own"
                )));
            }
            if !self.variables.contains_key(name) {
                self.given(name)?;
            }
        }
        let names = std::mem::take(&mut self.names).into_iter().collect::<Vec<_>>();
        self.set("unitGiven", names.join(" "))?;
        let odd = std::mem::take(&mut self.odd);
        let places: Vec<String> = (0..odd.len()).map(|at| format!("unitOdd{at}")).collect();
        for (place, (name, value)) in places.iter().zip(odd) {
            self.set(place, format!("{name}={value}"))?;
        }
        if !places.is_empty() {
            self.set("unitOdd", places.join(" "))?;
        }
        if suffix != "-run" {
            self.json.insert("artifacts".into());
            self.json.insert("future-incompat".into());
            self.json.insert("diagnostic-rendered-ansi".into());
            let json = self.json.iter().cloned().collect::<Vec<_>>().join(",");
            // Cargo's verbosity decides what is shown, not what is compiled; but
            // without a cap, a lint may be what refuses the unit.
            if self.is_capped {
                self.arguments.push("--cap-lints=warn".into());
            }
            self.arguments
                .extend(["--error-format=json".into(), format!("--json={json}")]);
        }
        let flags = self.variables.get("CARGO_ENCODED_RUSTFLAGS");
        if self
            .arguments
            .iter()
            .chain(flags)
            .any(|text| text.replace('_', "-").contains("instrument-coverage"))
        {
            self.set("unitCoverage", "1".into())?;
        }
        self.set("unitEnvironment", given.environment.path.clone())?;
        let tree = given.context.tree.as_ref().map(|tree| tree.path.clone());
        self.inputs.extend(tree.iter().map(|path| StoreInput {
            path: path.clone(),
            derivation: None,
        }));
        self.set("unitTree", tree.unwrap_or_default())?;
        let word = |name: &str| self.variables.get(name).map_or("", String::as_str);
        let name = store_name(&format!(
            "{}-{}{suffix}",
            word("CARGO_PKG_NAME"),
            word("CARGO_PKG_VERSION")
        ));
        Ok(UnitAsk {
            name,
            system: given.context.system.clone(),
            script: script.to_owned(),
            arguments: self.arguments,
            variables: self.variables,
            inputs: self.inputs.into_iter().collect(),
            root: None,
        })
    }
}
