# The layers as one: the workspace's root first, the member last.
#
# Lists are joined, `env` and `crates` are merged (the later layer wins), the
# last toolchain that a layer names counts, and the flake's own before all.
{ tools, sources }:
layers:
let
  inherit (builtins)
    attrNames
    elem
    filter
    foldl'
    length
    ;
  inherit (tools)
    concatMap
    join
    optionals
    placeOf
    unique
    ;

  last = list: builtins.elemAt list (length list - 1);
  values = map (layer: layer.value) layers;
  all = name: filter (element: element != null) (concatMap (value: value.${name} or [ ]) values);
  merge = name: foldl' (merged: value: merged // value.${name} or { }) { } values;

  shells = filter (layer: layer.shell != null) layers;
  shell = if shells == [ ] then null else import ./shells.nix { inherit tools; } (map (layer: layer.shell) shells);
  named = filter (value: value ? toolchain) values;
  chosen =
    if sources.toolchain or null != null then
      { value = sources.toolchain; }
    else if named != [ ] then
      { value = (last named).toolchain; }
    else if shells != [ ] && !isOfHost then
      { value = null; }
    else if shellToolchains != [ ] then
      { value = builtins.head shellToolchains; }
    else if isOfHost && byDefault.none or false then
      { value = null; }
    else
      byDefault;
  byDefault = sources.rust.select null;
  toolchain = chosen.value;

  # A mkShell over nixpkgs is taken as it is. One of the host set is only another
  # way to write a set, and has the same toolchain by default; where the machine has
  # no Rust, it is a shell without.
  ofHost = shell.cargoNix.shell or null;
  isOfHost = shells != [ ] && ofHost != null;
  shellToolchains =
    if isOfHost then
      filter (input: input ? withComponents) (ofHost.nativeBuildInputs ++ ofHost.buildInputs)
    else
      [ ];

  # `rust.clippy` is the clippy of whatever toolchain is chosen.
  bind = tool: if tool ? cargoNix.ofToolchain then tool.cargoNix.ofToolchain toolchain else tool;

  merged = {
    inherit toolchain shell;
    tools = map bind (all "tools") ++ toolchain.cargoNix.tools or [ ];
    nativeBuildInputs = all "nativeBuildInputs";
    buildInputs = all "buildInputs";
    env = merge "env";
    crates = sources.crates // merge "crates";
    shellHook = join "\n" (filter (hook: hook != "") (map (value: value.shellHook or "") values));
  };

  # A program of the machine that a layer takes for a library.
  noLibraries =
    layer:
    let
      inherit (layer) value;
      place = placeOf "buildInputs" value;
      at = if place == null then layer.file else "${place.file}:${toString place.line}:${toString place.column}";
      inputs =
        value.buildInputs or [ ]
        ++ layer.shell.cargoNix.shell.buildInputs or [ ]
        ++ concatMap (crate: (tools.crateOf crate own.${crate}).buildInputs or [ ]) (attrNames own);
      own = tools.cratesThatCount sources.named (value.crates or { });
    in
    map (
      package:
      "${at}: `buildInputs` has `${package.pname}`, of which this machine has the programs but not the library\n  "
      + "install it: ${package.cargoNix.noLibrary}; for the programs alone, `nativeBuildInputs` is the place"
    ) (filter (input: input.cargoNix.noLibrary or null != null) inputs);
  overrides = filter (name: placeOf name merged.crates == null) (attrNames merged.crates);
  # More than a few are a collection, of crates of all the world.
  computed =
    let
      names = filter (name: !(sources.pkgs.defaultCrateOverrides or { } ? ${name})) overrides;
    in
    if length names > 16 then [ ] else names;

  # Those of packages, each at the list that has it, if it has no place of its own.
  problemsOf = part: if part ? cargoNix.problem then [ part.cargoNix.problem ] else [ ];
  problemsIn =
    value:
    concatMap
      (
        name:
        let
          place = placeOf name value;
          packages = filter (element: element != null) (value.${name} or [ ]);
        in
        map (problem: if problem.file != null || place == null then problem else problem // place) (
          concatMap problemsOf (map bind packages)
        )
      )
      [
        "tools"
        "nativeBuildInputs"
        "buildInputs"
      ];

  parts = optionals (toolchain != null) [ toolchain ] ++ merged.tools ++ merged.nativeBuildInputs ++ merged.buildInputs;
in
{
  problems =
    if chosen ? problem then
      [ chosen.problem ]
    else
      let
        ofToolchain = problemsOf toolchain;
        # What the toolchain is not there for, its tools are not either.
        another = problem: !(builtins.any (told: told.message == problem.message) ofToolchain);
        ofTools = concatMap problemsIn values ++ concatMap problemsOf (toolchain.cargoNix.tools or [ ]);
      in
      unique (ofToolchain ++ filter another ofTools);
  warnings = unique (concatMap noLibraries layers);
  imports = sources.lacking (unique (concatMap (part: part.cargoNix.imports or [ ]) parts));
  env = sources.environment merged;
  units = sources.units merged;
  # Names that Cargo.lock should have: those that the project wrote down, and those
  # that it computed, but for what nixpkgs' overrides name.
  crateEntries = map (
    name:
    let
      place = placeOf name merged.crates;
    in
    {
      inherit name;
      position =
        if place == null then
          null
        else
          [
            place.file
            place.line
            place.column
          ];
    }
  ) (filter (name: placeOf name merged.crates != null || elem name computed) (attrNames merged.crates));
  inherit overrides;
}
