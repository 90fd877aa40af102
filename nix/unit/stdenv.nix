# Environments of units over nixpkgs: what the real stdenv sets up, hooks and
# all, with the toolchain and the inputs.
{ pkgs, ... }:
merged:
{
  nativeBuildInputs,
  buildInputs,
  env,
  ...
}:
let
  inherit (builtins) attrNames concatStringsSep replaceStrings;
  given = import ../env/apart.nix (builtins.mapAttrs (_: import ../env/coerce.nix) (merged.env // env));
  quote = text: "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
in
pkgs.stdenv.mkDerivation {
  name = "cargo-nix-unit-env";
  nativeBuildInputs = [ merged.toolchain ] ++ nativeBuildInputs;
  inherit buildInputs;
  env = given.rest;
  # `out` is the builder's word.
  unitExports = concatStringsSep "" (
    map (name: "export ${name}=${quote given.apart.${name}}\n") (
      attrNames (removeAttrs given.apart [ "out" ])
    )
  );
  passAsFile = [ "unitExports" ];
  # What a unit links must not look for libraries in this derivation's output.
  NIX_NO_SELF_RPATH = true;
  dontUnpack = true;
  dontConfigure = true;
  dontBuild = true;
  dontFixup = true;
  installPhase = builtins.readFile ./stdenv.sh;
  preferLocalBuild = true;
  allowSubstitutes = false;
}
