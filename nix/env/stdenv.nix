# The environment of a derivation over nixpkgs' stdenv: the same derivation, but
# built by a script that sources the real setup and dumps what it exported.
{ tools }:
# Merged layers, and a mkShell or another derivation of a stdenv.
merged: shell:
let
  inherit (builtins)
    attrNames
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
  variables = mapAttrs (_: import ./coerce.nix) (given // (if isShell then merged.env else { }));

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

  # What the setup puts on PATH for its own sake.
  own = map (package: "${package}/bin") (
    stdenv.initialPath or [ ] ++ stdenv.extraNativeBuildInputs or [ ]
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
      "src"
      "srcs"
      "shellHook"
    ]
  );
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
    cargoNixDrop = tools.join " " (lists.never ++ lists.sandbox ++ lists.stdenv);
    cargoNixDropPrefixes = tools.join " " lists.neverPrefixes;
    NIX_NO_SELF_RPATH = "1";
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
)
