# Environments of units over the host set: the toolchain, a C compiler and the
# inputs on PATH, then the programs that every build expects (those of
# nixpkgs' stdenv), and nothing else of the machine by name.
{
  tools,
  derive,
  pkgs,
  ...
}:
merged:
let
  inherit (builtins) attrNames replaceStrings;
  coerce = import ../env/coerce.nix;

  basics = derive {
    name = "cargo-nix-basics";
    args = [
      "-eu"
      ./basics.sh
    ];
  };

  quote = text: "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
  # `out` is the builder's word.
  isName = name: builtins.match "[A-Za-z_][A-Za-z0-9_]*" name != null && name != "out";
in
{
  nativeBuildInputs,
  buildInputs,
  env,
  ...
}:
let
  inputs = tools.unique (map (part: "${part}") (nativeBuildInputs ++ buildInputs));
  given = builtins.foldl' (all: part: all // part.cargoNix.variables or { }) { } (
    nativeBuildInputs ++ buildInputs
  );
  variables = given // merged.env // env;
in
derive {
  inherit inputs basics;
  name = "cargo-nix-unit-env";
  args = [
    "-eu"
    ./host.sh
  ];
  searchPath = ../host/search-path.sh;
  parts = [ "${merged.toolchain}" ] ++ inputs ++ [ "${pkgs.cc}" ];
  exports = tools.join "" (
    map (name: "export ${name}=${quote (coerce variables.${name})}\n") (
      builtins.filter isName (attrNames variables)
    )
  );
  passAsFile = [ "exports" ];
}
