# What the evaluator calls: from a snapshot of a project to its environment.
#
# The argument is `EnvArguments` of crates/protocol, with `snapshot` (the store
# path of the snapshot, a string with context), `snapshotTree` and `snapshotNarHash`
# added. An impure evaluation has the project itself in the place of the snapshot;
# `snapshotTree` is the one in the store. The result:
#
#   imports   parts of the machine that must be in the store first; if there are
#             any, nothing else may be forced
#   meta      plain data: `problems` (if there are any, `env` may not be forced),
#             `warnings`, `crates`, `overrides`, `units` (nix/unit) and `pinned`: whether
#             another `host` would change nothing
#   env       the derivation of the environment, one file of JSON
#   inputs    store paths of what the pins fetched, and of what holds the units'
#             derivations
#   fetched   store paths, some of which are there by now: to be kept as well
#
# A value that is needed for `imports` itself but lacks an import throws
# `cargo-nix-needs-imports <JSON list of imports>` (nix/host/imports.nix); the
# evaluator takes this for an answer, not for an error.
#
# Never: a reference to the snapshot or to this library in `env`.
arguments@{
  system,
  layers,
  pins ? null,
  rustToolchain ? null,
  host,
  impure ? false,
  snapshot,
  snapshotTree ? snapshot,
  snapshotNarHash ? null,
  ...
}:
let
  tools = import ./lib { inherit snapshot; };
  sources = import ./sources.nix { inherit tools arguments; };
  loaded = map (import ./lib/layer.nix { inherit tools sources; }) layers;
  merged = import ./lib/layers.nix { inherit tools sources; } loaded;

  # Each stage stands on the one before.
  wrong = tools.concatMap (layer: layer.problems) loaded;
  problems =
    if sources.problems != [ ] then
      sources.problems
    else if wrong != [ ] then
      wrong
    else
      merged.problems;

  # In the order in which one reads the files.
  before =
    a: b:
    let
      key = problem: [
        (problem.file or null != null)
        problem.file
        problem.line
        problem.column
      ];
    in
    a.file != null && b.file != null && key a < key b;
in
{
  imports = if problems != [ ] then [ ] else merged.imports;
  env = merged.env;
  inputs = map builtins.unsafeDiscardStringContext (
    sources.inputs ++ tools.optional (merged.units != null) merged.units.root
  );
  inherit (sources) fetched;
  meta = {
    problems = builtins.sort before problems;
    warnings = sources.warnings ++ (if problems != [ ] then [ ] else merged.warnings);
    pinned = sources.pinned or false;
    crates = if problems != [ ] then [ ] else merged.crateEntries;
    overrides = if problems != [ ] then [ ] else merged.overrides;
    units = if problems != [ ] then null else merged.units;
  };
}
