# The project's flake.nix: -> { cargoNix (null if it has no such output for this
# system); inputs; ignored ? (a warning: nothing of it can be used); } or { problems; }.
{ tools, arguments }:
let
  inherit (builtins)
    attrNames
    filter
    isAttrs
    pathExists
    ;
  inherit (arguments) system pins;
  inherit (tools) describe placeOf problem;

  file = if pins == "" then "flake.nix" else "${pins}/flake.nix";
  description = import (tools.inSnapshot pins "flake.nix");
  declared = description.inputs or { };
  locked = pathExists (tools.inSnapshot pins "flake.lock");

  # A flake.nix that nobody has locked is no use to anyone yet; it is in the way
  # only if it says that the environment is to come from it.
  speaksOfUs = builtins.length (builtins.split "cargoNix" text) > 1;
  text = builtins.readFile (tools.inSnapshot pins "flake.nix");

  plain = builtins.unsafeDiscardStringContext (toString arguments.snapshotTree);
  directory = if pins == "" then "" else "dir=${pins}&";
  escape = builtins.replaceStrings [ "+" "/" "=" ] [ "%2B" "%2F" "%3D" ];
  flake = builtins.getFlake "path:${plain}?${directory}narHash=${escape arguments.snapshotNarHash}";

  outputs = flake.cargoNix or { };
  output = outputs.${system} or null;
  known = [
    "crates"
    "pkgs"
    "rust"
    "toolchain"
  ];

  found =
    if !(isAttrs outputs) || (output != null && !(isAttrs output)) then
      [
        (problem {
          message = "output `cargoNix.${system}` of ${file} must be a set, but it is ${
            describe (if isAttrs outputs then output else outputs)
          }";
          hint = "write `cargoNix.${system} = { pkgs = …; };`";
          place = placeOf "cargoNix" flake;
        })
      ]
    else if output == null then
      [ ]
    else
      tools.unknownNames {
        what = "in output `cargoNix.${system}` of ${file}";
        set = output;
        inherit known;
      }
      ++ tools.optional (!(output ? pkgs)) (problem {
        message = "output `cargoNix.${system}` of ${file} has no `pkgs`";
        hint = "write `pkgs = nixpkgs.legacyPackages.${system};`";
        place = placeOf system outputs;
      })
      ++ tools.optional (output ? pkgs && lacking != [ ]) (problem {
        message = "`pkgs` in output `cargoNix.${system}` of ${file} is not nixpkgs: it has no ${tools.quoteAll lacking}";
        hint = "write `pkgs = nixpkgs.legacyPackages.${system};`, and what is to be added as an overlay: `.extend (final: previous: { … })`";
        place = placeOf "pkgs" output;
      });
  # What is made with it.
  lacking = filter (name: !(isAttrs output.pkgs && output.pkgs ? ${name})) (
    [
      "lib"
      "stdenv"
    ]
    ++ tools.optionals (!(output ? rust)) [
      "runCommand"
      "symlinkJoin"
    ]
  );

  # Said if nothing else pins: the environment is another than one may think.
  ignored =
    let
      place = placeOf "inputs" description;
      at = if place == null then file else "${place.file}:${toString place.line}:${toString place.column}";
    in
    "${at}: there is no flake.lock, so none of the inputs is used, and this machine's own packages are\n  run `nix flake lock`, and commit flake.lock";

  unlocked = problem {
    message = "${file} has inputs (${tools.quoteAll (attrNames declared)}) but no flake.lock beside it";
    hint = "run `nix flake lock`, and commit flake.lock";
    place = placeOf "inputs" description;
  };
in
if declared != { } && !locked && speaksOfUs then
  { problems = [ unlocked ]; }
else if declared != { } && !locked then
  {
    problems = [ ];
    cargoNix = null;
    inputs = [ ];
    inherit ignored;
  }
else
  {
    problems = found;
    cargoNix = output;
    inputs = map (name: flake.inputs.${name}.outPath) (
      filter (name: flake.inputs ? ${name}) [
        "nixpkgs"
        "fenix"
        "rust-overlay"
      ]
    );
  }
