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
}:
merged:
let
  inherit (builtins)
    attrNames
    fromTOML
    isFunction
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

  # `crates.<name>` as a set; nixpkgs' defaultCrateOverrides has functions of
  # the crate's attributes.
  entry =
    name: value:
    let
      attributes = {
        crateName = name;
        pname = name;
        version = "0.0.0";
        features = [ ];
        src = null;
      };
      set = if isFunction value || value ? __functor then value attributes else value;
    in
    {
      nativeBuildInputs = set.nativeBuildInputs or [ ];
      buildInputs = set.buildInputs or [ ];
      env = set.env or { };
      sandbox = set.sandbox or true;
    };

  # Ours, for the common crates, out of what the package set has.
  known = fromTOML (readFile ./sys-crates.toml);
  isOn = name: (known.${name}.when or os) == os;
  os = if builtins.match ".*-darwin" system != null then "darwin" else "linux";
  available = names: tools.concatMap (
    name:
    let
      found = tryEval (pkgs.${name} or null);
    in
    tools.optional (found.success && found.value != null) found.value
  ) names;
  ours = name: {
    nativeBuildInputs = available (known.${name}.native or [ ]);
    buildInputs = if known.${name}.bundled or false then [ ] else available (known.${name}.packages or [ ]);
    env = { };
    sandbox = true;
  };
  hasInputs = set: set.nativeBuildInputs != [ ] || set.buildInputs != [ ];
  common = tools.without (builtins.filter (name: !(isOn name && hasInputs (ours name))) (attrNames known)) (
    mapAttrs (name: _: ours name) known
  );

  # Those of the project itself; nixpkgs' overrides name crates of all the world,
  # too many to set up for each project.
  own = tools.without (builtins.filter (name: tools.placeOf name merged.crates == null) (
    attrNames merged.crates
  )) merged.crates;
  crates = common // mapAttrs entry own;

  # Each set up once, however many packages share it.
  environmentOf =
    set:
    plain (build {
      inherit (set) nativeBuildInputs buildInputs env;
    });
  environment = environmentOf {
    nativeBuildInputs = [ ];
    buildInputs = [ ];
    env = { };
  };
  environments = mapAttrs (_: set: {
    inherit (set) sandbox;
    environment = environmentOf set;
  }) crates;

  # The derivations are not built yet, and must be there when they are to be: a
  # file that refers to all of them, to be held by the slot.
  hold =
    derivation:
    builtins.appendContext derivation {
      ${derivation}.path = true;
    };
  held = [ (plain merged.toolchain).derivation environment.derivation ] ++ map (entry: entry.environment.derivation) (
    builtins.attrValues environments
  );
in
if merged.toolchain == null then
  null
else
  {
    host = isHost;
    toolchain = plain merged.toolchain;
    inherit environment;
    crates = environments;
    root = unsafeDiscardStringContext (builtins.toFile "cargo-nix-units" (tools.join "\n" (map hold held)));
  }
