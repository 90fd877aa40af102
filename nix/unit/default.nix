# What cargo's units are built with: merged layers (nix/lib/layers.nix) -> plain
# data, the shape of which is `Context` of src/build/context.rs; null if there
# is no toolchain of ours.
#
# `environment` is a file of sh in the store that exports the variables of every
# unit; packages that need more than the toolchain and a C compiler have one of
# their own. None of them is built before a unit wants it.
{
  tools,
  system,
  pkgs,
  # nix/host/derive.nix, for the host set.
  derive ? null,
  isHost ? false,
  # Of the crates that sys-crates.toml knows, those that count; null: all. What
  # stands in a derivation is evaluated, and the table names half of nixpkgs'
  # libraries.
  named ? null,
  # Of the entries of `crates` that the project did not write down itself, those
  # that count: Cargo.lock has them.
  counted ? [ ],
}:
merged:
let
  inherit (builtins)
    attrNames
    attrValues
    fromTOML
    listToAttrs
    mapAttrs
    readFile
    tryEval
    unsafeDiscardStringContext
    ;

  build = import (if isHost then ./host.nix else ./stdenv.nix) { inherit tools derive pkgs; } merged;

  plain = derivation: {
    path = unsafeDiscardStringContext derivation.outPath;
    derivation = unsafeDiscardStringContext derivation.drvPath;
  };

  # `crates.<name>` as a set, over what the crate gets from us.
  entry =
    name: value:
    let
      given = if common ? ${name} then inputsOf common.${name} else inputsOf { native = [ ]; packages = [ ]; };
      set = tools.crateOf name value;
    in
    {
      nativeBuildInputs = set.nativeBuildInputs or [ ] ++ given.nativeBuildInputs;
      buildInputs = set.buildInputs or [ ] ++ given.buildInputs;
      env = set.env or { };
      sandbox = set.sandbox or true;
    };

  # Ours, for the common crates, out of what the package set has.
  table = fromTOML (readFile ./sys-crates.toml);
  known = if named == null then table else builtins.intersectAttrs (tools.genAttrs named (_: null)) table;
  isOn = name: (known.${name}.when or os) == os;
  os = if builtins.match ".*-darwin" system != null then "darwin" else "linux";
  # What the machine lacks throws: each name is tried once, however many crates
  # want it.
  wanted = tools.concatMap (crate: crate.native or [ ] ++ crate.packages or [ ]) (attrValues known);
  # What nixpkgs refuses to give (broken, unfree, insecure) throws later; whoever
  # needs it names it, and is told.
  try =
    package:
    let
      found = tryEval package;
      usable = tryEval (builtins.seq found.value.drvPath found.value);
    in
    if isHost || !found.success || found.value == null then found else usable;
  tried = listToAttrs (
    map (name: {
      inherit name;
      value = try (pkgs.${name} or null);
    }) wanted
  );
  available = builtins.filter (name: tried.${name}.success && tried.${name}.value != null);
  ours = mapAttrs (_: crate: {
    native = available (crate.native or [ ] ++ tools.concatMap (name: known.${name}.native or [ ]) (crate.unless or [ ]));
    packages = if crate.bundled or false then [ ] else available (crate.packages or [ ]);
  }) known;
  hasInputs = names: names.native != [ ] || names.packages != [ ];
  common = tools.without (builtins.filter (name: !(isOn name && hasInputs ours.${name})) (attrNames known)) ours;

  # One environment for all crates that want the same: to instantiate one for
  # each would be most of what an evaluation costs.
  wish = names: "${tools.join " " names.native}; ${tools.join " " names.packages}";
  inputsOf = names: {
    nativeBuildInputs = map (name: tried.${name}.value) names.native;
    buildInputs = map (name: tried.${name}.value) names.packages;
  };
  shared = listToAttrs (
    map (names: {
      name = wish names;
      value = unit (
        inputsOf names
        // {
          env = { };
          sandbox = true;
        }
      );
    }) (attrValues common)
  );
  unit = set: {
    inherit (set) sandbox;
    variables = attrNames set.env;
    environment = environmentOf set;
  };
  environmentOf =
    set:
    plain (build {
      inherit (set) nativeBuildInputs buildInputs env;
    });

  # nixpkgs' overrides name crates of all the world, too many to set up for each
  # project.
  own = tools.cratesThatCount counted merged.crates;
  # Cargo is told of a change of those that are `told`; without a Cargo.lock that
  # would be the whole table.
  environments =
    mapAttrs (_: names: shared.${wish names} // { told = named != null; }) common
    // mapAttrs (name: value: unit (entry name value) // { told = true; }) own;

  environment = environmentOf {
    nativeBuildInputs = [ ];
    buildInputs = [ ];
    env = { };
  };

  # The derivations are not built yet, and must be there when they are to be: a
  # file that refers to all of them, to be held by the slot.
  hold =
    derivation:
    builtins.appendContext derivation {
      ${derivation}.path = true;
    };
  held = [ (plain merged.toolchain).derivation environment.derivation ] ++ map (entry: entry.environment.derivation) (
    attrValues environments
  );
in
if merged.toolchain == null then
  null
else
  {
    host = isHost;
    toolchain = plain merged.toolchain;
    inherit environment;
    # What decides about units besides what cargo looks at itself; null: no more
    # than a shell without an environment has.
    decides =
      if isHost && merged.env == { } then null else "${(plain merged.toolchain).path} ${environment.path}";
    crates = environments;
    root = unsafeDiscardStringContext (builtins.toFile "cargo-nix-units" (tools.join "\n" (map hold held)));
  }
