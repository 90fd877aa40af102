//! Why two units are not the same: their plans compared, as people think of
//! what went into them. Pure, but for what it is given to look store paths up.
//!
//! A store path changes with all that is behind it, so paths are told apart by
//! what they are for (the toolchain, the source, a dependency) before strings
//! are compared, and a dependency that differs is followed to the plan that
//! made it, down to what really changed.

use cargo_nix_protocol::UnitAsk;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Something that is different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Change {
    /// The compiler, or its libraries.
    Toolchain {
        /// Store path.
        old: String,
        /// Store path.
        new: String,
    },
    /// What crate-env.nix gives the package: inputs and variables.
    Environment {
        /// Store path, a file of sh.
        old: String,
        /// Store path, a file of sh.
        new: String,
    },
    /// A file of the package.
    Source {
        /// Store path.
        old: String,
        /// Store path.
        new: String,
    },
    /// Arguments of rustc.
    Argument {
        /// Those that are gone.
        old: Vec<String>,
        /// Those that are new.
        new: Vec<String>,
    },
    /// A variable that counts.
    Variable {
        /// Its name.
        name: String,
        /// Its value; nothing if it was not set.
        old: Option<String>,
        /// Likewise.
        new: Option<String>,
    },
    /// Another store path that it mentions, say of a C library.
    Input {
        /// Store path, if there was one.
        old: Option<String>,
        /// Likewise.
        new: Option<String>,
    },
    /// A dependency, its build script, or that script's run.
    Dependency {
        /// Name and version, as it is now.
        name: String,
        /// Why it is another; empty if that is no longer known.
        because: Vec<Change>,
    },
    /// The version of the package.
    Version {
        /// Name and version.
        old: String,
        /// Likewise.
        new: String,
    },
    /// The machine, or what its sandbox shows.
    Host,
    /// How cargo-nix itself builds units.
    Builder,
}

/// What a unit sees of the machine.
const TREE: &str = "unitTree";

/// Looks up how a store path was made.
pub type PlanOf<'a> = &'a dyn Fn(&str) -> Option<UnitAsk>;

/// What a store path is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Toolchain,
    Environment,
    Source,
    Unit(String),
    Other(String),
}

/// What is different in `new`; empty if nothing is.
pub fn plans(old: &UnitAsk, new: &UnitAsk, plan_of: PlanOf) -> Vec<Change> {
    compare(old, new, plan_of, &mut BTreeSet::new())
}

fn compare(
    old: &UnitAsk,
    new: &UnitAsk,
    plan_of: PlanOf,
    seen: &mut BTreeSet<(String, String)>,
) -> Vec<Change> {
    let (before, after) = (Roles::of(old, plan_of), Roles::of(new, plan_of));
    let mut changes = Vec::new();
    if old.name != new.name {
        let (old, new) = (old.name.clone(), new.name.clone());
        changes.push(Change::Version { old, new });
    }
    if old.script != new.script {
        changes.push(Change::Builder);
    }
    let seen_of = |plan: &UnitAsk| plan.variables.get(TREE).cloned().unwrap_or_default();
    if (&old.system, seen_of(old)) != (&new.system, seen_of(new)) {
        changes.push(Change::Host);
    }
    paths(&before, &after, plan_of, seen, &mut changes);
    variables(old, new, &before, &after, &mut changes);
    arguments(old, new, &before, &after, &mut changes);
    changes
}

/// The paths of the inputs, each for what it is for.
struct Roles {
    by_role: BTreeMap<Role, String>,
}

impl Roles {
    fn of(plan: &UnitAsk, plan_of: PlanOf) -> Roles {
        let variable = |name: &str| plan.variables.get(name).map_or("", String::as_str);
        let program = plan.arguments.first().map_or("", String::as_str);
        let holds = |text: &str, path: &str| {
            text.strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let role = |path: &str| {
            if holds(variable("unitEnvironment"), path) {
                Role::Environment
            } else if holds(variable("unitToolchain"), path) {
                Role::Toolchain
            } else if let Some(made) = plan_of(path) {
                Role::Unit(made.name)
            } else if holds(variable("CARGO_MANIFEST_DIR"), path) {
                Role::Source
            } else if program.ends_with("/bin/rustc") && holds(program, path) {
                Role::Toolchain
            } else {
                Role::Other(name_of(path).to_owned())
            }
        };
        let by_role = plan
            .inputs
            .iter()
            .filter(|input| input.path != variable(TREE))
            .map(|input| (role(&input.path), input.path.clone()));
        Roles {
            by_role: by_role.collect(),
        }
    }

    /// `text` with words for the store paths.
    fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (role, path) in &self.by_role {
            let word = match role {
                Role::Toolchain => "<toolchain>",
                Role::Environment => "<environment>",
                Role::Source => "<source>",
                Role::Unit(name) | Role::Other(name) => &format!("<{name}>"),
            };
            text = text.replace(path.as_str(), word);
        }
        text
    }
}

/// `serde-1.0.203` of `/nix/store/<hash>-serde-1.0.203`.
pub fn name_of(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or_default();
    base.split_once('-').map_or(base, |(_, name)| name)
}

/// The name in `serde-1.0.203-run`, and what it is of that package: two
/// versions of one thing have the same.
fn without_version(name: &str) -> (String, &'static str) {
    let kind = ["-build-script", "-run"]
        .into_iter()
        .find(|kind| name.ends_with(kind));
    let kind = kind.unwrap_or_default();
    let name = name.strip_suffix(kind).unwrap_or(name);
    let digit = |(at, _): &(usize, &str)| name[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    let end = name
        .match_indices('-')
        .find(digit)
        .map_or(name.len(), |(at, _)| at);
    (name[..end].to_owned(), kind)
}

fn paths(
    before: &Roles,
    after: &Roles,
    plan_of: PlanOf,
    seen: &mut BTreeSet<(String, String)>,
    changes: &mut Vec<Change>,
) {
    let mut gone: BTreeMap<&Role, &String> = before.by_role.iter().collect();
    for (role, new) in &after.by_role {
        let was = match role {
            Role::Unit(name) => gone
                .remove(role)
                .or_else(|| take(&mut gone, |other| matches!(other, Role::Unit(other) if without_version(other) == without_version(name)))),
            _ => gone.remove(role),
        };
        if was == Some(new) {
            continue;
        }
        let (was, new) = (was.cloned(), new.clone());
        changes.extend(match (role, was) {
            (Role::Toolchain, Some(old)) => Some(Change::Toolchain { old, new }),
            (Role::Environment, Some(old)) => Some(Change::Environment { old, new }),
            (Role::Source, Some(old)) => Some(Change::Source { old, new }),
            (Role::Unit(name), Some(old)) => Some(dependency(name, old, new, plan_of, seen)),
            (_, old) => Some(Change::Input { old, new: Some(new) }),
        });
    }
    let lost = gone.values().map(|old| Change::Input {
        old: Some((*old).clone()),
        new: None,
    });
    changes.extend(lost);
}

fn take<'a>(from: &mut BTreeMap<&'a Role, &'a String>, is: impl Fn(&Role) -> bool) -> Option<&'a String> {
    let role = *from.keys().find(|role| is(role))?;
    from.remove(role)
}

fn dependency(
    name: &str,
    old: String,
    new: String,
    plan_of: PlanOf,
    seen: &mut BTreeSet<(String, String)>,
) -> Change {
    let because = match (plan_of(&old), plan_of(&new)) {
        (Some(old_plan), Some(new_plan)) if seen.insert((old, new)) => {
            compare(&old_plan, &new_plan, plan_of, seen)
        }
        _ => Vec::new(),
    };
    Change::Dependency {
        name: name.to_owned(),
        because,
    }
}

/// Variables that only repeat what is told otherwise.
const REPEATED: [&str; 4] = [
    "unitDependencies",
    "unitEnvironment",
    "unitGiven",
    "unitToolchain",
];

fn variables(old: &UnitAsk, new: &UnitAsk, before: &Roles, after: &Roles, changes: &mut Vec<Change>) {
    let is_version = old.name != new.name;
    let names: BTreeSet<&String> = old.variables.keys().chain(new.variables.keys()).collect();
    for name in names {
        let was = old.variables.get(name).map(|value| before.plain(value));
        let is = new.variables.get(name).map(|value| after.plain(value));
        // A new version changes what Cargo.toml says of it.
        let told =
            name == TREE || REPEATED.contains(&name.as_str()) || is_version && name.starts_with("CARGO_PKG_");
        if was != is && !told {
            let name = name.clone();
            changes.push(Change::Variable {
                name,
                old: was,
                new: is,
            });
        }
    }
}

fn arguments(old: &UnitAsk, new: &UnitAsk, before: &Roles, after: &Roles, changes: &mut Vec<Change>) {
    let plain = |plan: &UnitAsk, roles: &Roles| -> Vec<String> {
        plan.arguments
            .iter()
            .map(|argument| roles.plain(argument))
            .collect()
    };
    let (was, is) = (plain(old, before), plain(new, after));
    let less = |from: &[String], what: &[String]| -> Vec<String> {
        let mut rest = what.to_vec();
        let mut left = from.to_vec();
        left.retain(|argument| match rest.iter().position(|other| other == argument) {
            Some(at) => {
                rest.swap_remove(at);
                false
            }
            None => true,
        });
        left
    };
    let (mut gone, mut come) = (less(&was, &is), less(&is, &was));
    // Cargo's own hash follows from the rest, and so does a file name with it
    // in it, unless there is nothing else.
    let (is_hash_of_gone, is_hash_of_come) = (hashes(&was), hashes(&is));
    let follows = |argument: &String, hashes: &[String]| {
        argument.starts_with("-Cmetadata=")
            || argument.starts_with("-Cextra-filename=")
            || argument.starts_with("--extern=")
            || hashes.iter().any(|hash| argument.contains(hash))
    };
    let all = [gone.clone(), come.clone()];
    gone.retain(|argument| !follows(argument, &is_hash_of_gone));
    come.retain(|argument| !follows(argument, &is_hash_of_come));
    if gone.is_empty() && come.is_empty() && changes.is_empty() {
        [gone, come] = all;
    }
    if !(gone.is_empty() && come.is_empty()) {
        changes.push(Change::Argument { old: gone, new: come });
    }
}

/// cargo's hash in the names of the unit's outputs.
fn hashes(arguments: &[String]) -> Vec<String> {
    let hash = |argument: &String| argument.strip_prefix("-Cextra-filename=-").map(str::to_owned);
    arguments.iter().filter_map(hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_nix_protocol::StoreInput;

    const RUST: &str = "/nix/store/00000000000000000000000000000001-rust";
    const OTHER: &str = "/nix/store/00000000000000000000000000000002-rust";
    const SOURCE: &str = "/nix/store/00000000000000000000000000000003-a-1.0.0";

    fn plan(toolchain: &str, arguments: &[&str], variables: &[(&str, &str)]) -> UnitAsk {
        let input = |path: &str| StoreInput {
            path: path.into(),
            derivation: None,
        };
        let program = format!("{toolchain}/bin/rustc");
        let words = [program.as_str()].into_iter().chain(arguments.iter().copied());
        let variables = variables.iter().chain(&[("CARGO_MANIFEST_DIR", SOURCE)]);
        UnitAsk {
            name: "a-1.0.0".into(),
            system: "x86_64-linux".into(),
            script: "s".into(),
            arguments: words.map(str::to_owned).collect(),
            variables: variables
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            inputs: vec![input(toolchain), input(SOURCE)],
            root: None,
        }
    }

    fn compared(old: &UnitAsk, new: &UnitAsk) -> Vec<Change> {
        plans(old, new, &|_| None)
    }

    #[test]
    fn the_toolchain_is_told_once() {
        let (old, new) = (plan(RUST, &["-g"], &[]), plan(OTHER, &["-g"], &[]));
        let expected = Change::Toolchain {
            old: RUST.into(),
            new: OTHER.into(),
        };
        assert_eq!(compared(&old, &new), [expected]);
        assert_eq!(compared(&old, &old), []);
    }

    #[test]
    fn what_follows_from_the_rest_is_not_told() {
        let old = plan(
            RUST,
            &["-Cmetadata=1", "-Cextra-filename=-1", "-Copt-level=0"],
            &[],
        );
        let new = plan(
            RUST,
            &["-Cmetadata=2", "-Cextra-filename=-2", "-Copt-level=3"],
            &[("A", "b")],
        );
        let argument = Change::Argument {
            old: vec!["-Copt-level=0".into()],
            new: vec!["-Copt-level=3".into()],
        };
        let variable = Change::Variable {
            name: "A".into(),
            old: None,
            new: Some("b".into()),
        };
        assert_eq!(compared(&old, &new), [variable, argument]);
        // With nothing else it is all there is to tell.
        let new = plan(
            RUST,
            &["-Cmetadata=2", "-Cextra-filename=-1", "-Copt-level=0"],
            &[],
        );
        assert_eq!(compared(&old, &new).len(), 1);
    }

    #[test]
    fn names_without_versions() {
        for (name, expected) in [
            ("serde-1.0.203", ("serde", "")),
            (
                "proc-macro2-1.0.86-build-script",
                ("proc-macro2", "-build-script"),
            ),
            ("x-86-0.1.0-run", ("x", "-run")),
            ("plain", ("plain", "")),
        ] {
            let (name, kind) = without_version(name);
            assert_eq!((name.as_str(), kind), expected);
        }
    }
}
