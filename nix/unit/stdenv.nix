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
pkgs.stdenv.mkDerivation {
  name = "cargo-nix-unit-env";
  nativeBuildInputs = [ merged.toolchain ] ++ nativeBuildInputs;
  inherit buildInputs;
  env = builtins.mapAttrs (_: import ../env/coerce.nix) (merged.env // env);
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
