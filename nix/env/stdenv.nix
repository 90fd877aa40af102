# The environment of a derivation over nixpkgs' stdenv: the same derivation, but
# built by a script that sources the real setup and dumps what it exported.
{ tools }:
# Merged layers, a mkShell or another derivation of a stdenv, and variables that
# it does not have (nix/env/apart.nix).
merged: shell: apart:
let
  inherit (builtins)
    attrNames
    elem
    filter
    fromJSON
    mapAttrs
    readFile
    removeAttrs
    toJSON
    ;

  lists = fromJSON (readFile ./never-export.json);
  drvAttrs = shell.drvAttrs;
  stdenv = shell.stdenv or drvAttrs.stdenv;

  # The layers over a shell: their inputs come after its own.
  isShell = merged.shell != null;
  extended =
    if !isShell || merged.nativeBuildInputs ++ merged.buildInputs == [ ] then
      shell
    else
      shell.overrideAttrs (old: {
        nativeBuildInputs = old.nativeBuildInputs or [ ] ++ merged.nativeBuildInputs;
        buildInputs = old.buildInputs or [ ] ++ merged.buildInputs;
      });

  given = builtins.foldl' (all: part: all // part.cargoNix.variables or { }) { } merged.tools;
  variables = mapAttrs (_: import ./coerce.nix) (given // (if isShell then merged.env else apart));

  # Of the shell's inputs, the one that is a toolchain of ours.
  toolchains = filter (input: tools.isDerivation input && input ? cargoNix.toolchain) (
    shell.nativeBuildInputs or [ ] ++ shell.buildInputs or [ ]
  );
  toolchain =
    if merged.toolchain != null then
      merged.toolchain
    else if toolchains != [ ] then
      builtins.head toolchains
    else
      null;

  rest = {
    shellHook = tools.join "\n" (
      filter (hook: hook != "") [
        (if isShell then shell.shellHook or "" else "")
        merged.shellHook
      ]
    );
    toolchain = if toolchain == null then null else "${toolchain}";
  };

  binOf = package: "${package.bin or package.out or package}/bin";

  # What the setup puts on PATH for its own sake, and nobody asked for. A list
  # of inputs has the `dev` outputs, from which the programs come too.
  asked = map binOf (
    merged.tools
    ++ filter tools.isDerivation (
      tools.concatMap (name: extended.drvAttrs.${name} or [ ]) [
        "nativeBuildInputs"
        "propagatedNativeBuildInputs"
        "buildInputs"
        "propagatedBuildInputs"
      ]
    )
  );
  own = filter (entry: !(elem entry asked)) (
    map (package: "${package}/bin") (stdenv.initialPath or [ ] ++ stdenv.extraNativeBuildInputs or [ ])
  );

  base = removeAttrs extended.drvAttrs (
    [
      "args"
      "outputs"
      "outputHash"
      "outputHashAlgo"
      "outputHashMode"
      "allowedReferences"
      "allowedRequisites"
      "disallowedReferences"
      "disallowedRequisites"
      "outputChecks"
      "__contentAddressed"
      "requiredSystemFeatures"
      # A package's own sources are nothing that its environment needs.
      "cargoDeps"
      "src"
      "srcs"
      "shellHook"
    ]
  );

  # A variable of the sandbox stays if the project sets it.
  set = drvAttrs // drvAttrs.env or { };
  sandbox = filter (name: !(set ? ${name})) lists.sandbox;
in
derivation (
  base
  // {
    name = "cargo-nix-env";
    outputs = [ "out" ];
    args = [
      ./stdenv.sh
    ];
    cargoNixRest = toJSON rest;
    cargoNixVariables = toJSON variables;
    cargoNixGiven = tools.join " " (attrNames variables);
    # Not inputs: what a tool brings must not reach the flags of a build.
    cargoNixTools = tools.join " " (map (tool: "${tool.bin or tool.out or tool}") merged.tools);
    cargoNixOwnPath = tools.join ":" own;
    cargoNixDrop = tools.join " " (lists.never ++ sandbox ++ lists.stdenv);
    cargoNixDropPrefixes = tools.join " " lists.neverPrefixes;
    # Each may be more than a process's environment holds.
    passAsFile = drvAttrs.passAsFile or [ ] ++ [
      "cargoNixRest"
      "cargoNixVariables"
    ];
    NIX_NO_SELF_RPATH = "1";
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
)
