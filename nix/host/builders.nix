# The few builders of nixpkgs that a crate-env.nix over the host set can want.
{ tools, derive }:
let
  inherit (builtins) removeAttrs;

  run =
    name: attributes: script:
    derive (
      {
        inherit name script;
        args = [
          "-euc"
          "eval \"$script\""
        ];
      }
      // attributes
    );

  writeScriptBin =
    name: text:
    run name
      {
        inherit text;
        program = name;
      }
      ''
        mkdir -p "$out/bin"
        printf '%s' "$text" > "$out/bin/$program"
        chmod +x "$out/bin/$program"
      '';

  # The environment of a `mkShell` is read from `cargoNix.shell`; building the
  # derivation itself gives an empty file.
  mkShell =
    attributes@{
      name ? "shell",
      packages ? [ ],
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      inputsFrom ? [ ],
      shellHook ? "",
      env ? { },
      ...
    }:
    let
      inherited = map (shell: shell.cargoNix.shell or { }) inputsFrom;
      variables = removeAttrs attributes [
        "name"
        "packages"
        "nativeBuildInputs"
        "buildInputs"
        "inputsFrom"
        "shellHook"
        "env"
        "meta"
        "passthru"
      ];
    in
    run name { } ": > \"$out\""
    // {
      cargoNix.shell = {
        nativeBuildInputs =
          packages ++ nativeBuildInputs ++ tools.concatMap (shell: shell.nativeBuildInputs or [ ]) inherited;
        buildInputs = buildInputs ++ tools.concatMap (shell: shell.buildInputs or [ ]) inherited;
        env = variables // env;
        shellHook = tools.join "\n" (
          builtins.filter (hook: hook != "") (map (shell: shell.shellHook or "") inherited ++ [ shellHook ])
        );
      };
    };
in
{
  inherit mkShell writeScriptBin;
  mkShellNoCC = mkShell;
  runCommand = run;
  writeText = name: text: builtins.toFile name text;
  writeShellScriptBin = name: text: writeScriptBin name "#!/bin/sh\n${text}\n";
  symlinkJoin =
    { name, paths, ... }:
    run name { inherit paths; } ''
      mkdir "$out"
      for path in $paths; do cp -rs --no-preserve=mode "$path/." "$out/"; done
    '';
}
