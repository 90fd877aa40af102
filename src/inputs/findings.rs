//! Builtins that look at the machine, and paths below HOME: which they are, and the
//! messages about their uses (found by [`super::forbidden`]).

use serde::{Deserialize, Serialize};

/// `builtins` as a value: nobody can tell what is taken from it.
pub(super) const VALUE: &str = "builtins";
/// `builtins.${…}`: likewise.
pub(super) const COMPUTED: &str = "builtins.${…}";
/// `~/…`, whatever stands there.
pub(super) const HOME: &str = "~/";
/// Those that pure evaluation reports by itself.
pub(super) const REPORTED: [&str; 3] = ["currentTime", "currentSystem", "storePath"];

/// Whether an evaluation answers a use of `name` without an error.
pub(super) fn is_silent(name: &str) -> bool {
    name != HOME && !REPORTED.contains(&name)
}

/// The builtins, and what a project can do instead.
pub(super) const FORBIDDEN: [(&str, &str); 7] = [
    (
        "getEnv",
        "write the value into the `env` of crate-env.nix, or evaluate with --impure",
    ),
    (
        "currentTime",
        "write the time into a file of the project, or evaluate with --impure",
    ),
    (
        "currentSystem",
        "take the argument `system` of crate-env.nix, or evaluate with --impure",
    ),
    (
        "nixPath",
        "pin the sources with flake.lock or npins, or evaluate with --impure",
    ),
    (
        "storePath",
        "name what makes that path (a package, a pinned source), or evaluate with --impure",
    ),
    (
        "nixVersion",
        "look for the builtin that is wanted, or evaluate with --impure",
    ),
    (
        "langVersion",
        "look for the builtin that is wanted, or evaluate with --impure",
    ),
];

/// A use with its place, as a manifest remembers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Finding {
    /// Relative to the root.
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// Of the builtin, or [`VALUE`], [`COMPUTED`] or [`HOME`].
    pub name: String,
}

impl Finding {
    /// The message: what, where, the way out.
    pub(super) fn message(&self, root: &std::path::Path) -> String {
        let file = root.join(&self.file);
        let shown = crate::snippet::render(&file, self.line, self.column).unwrap_or_default();
        let (what, way_out) = match self.name.as_str() {
            VALUE => (
                "`builtins` is handed on as a value, so that nobody can tell whether the machine is looked at".into(),
                "hand on the function that is wanted, as `builtins.map`, or evaluate with --impure",
            ),
            COMPUTED => (
                "the name after `builtins.` is computed, so that nobody can tell whether the machine is looked at"
                    .into(),
                "write the name itself, as `builtins.map`, or evaluate with --impure",
            ),
            HOME => (
                "a path below `~` is not of the project, so the evaluation cannot read it".into(),
                "copy it into the project and name it there, as `./file`, or evaluate with --impure",
            ),
            name => (
                format!("`builtins.{name}` looks at the machine, which the evaluation of a project cannot"),
                FORBIDDEN
                    .iter()
                    .find(|(other, _)| *other == name)
                    .map_or("evaluate with --impure", |(_, way_out)| way_out),
            ),
        };
        let way_out = if file.ends_with("flake.nix") {
            "with its output `cargoNix` the environment is made of this file: do without it here, or evaluate with \
             --impure"
        } else {
            way_out
        };
        format!("{what}\n{shown}\n  {way_out}")
    }
}
