# From merged layers (nix/lib/layers.nix) to the derivation of the environment:
# one file of JSON, the shape of which is `Env` of src/env/dump.rs.
{
  tools,
  # nix/host/derive.nix, for the host set.
  derive ? null,
  # The package set, and whether it is the host set.
  pkgs,
  isHost ? false,
}:
merged:
let
  inherit (merged) shell;
  ofHost = if shell == null then null else shell.cargoNix.shell or null;

  given = import ./apart.nix (builtins.mapAttrs (_: import ./coerce.nix) merged.env);

  joinHooks = hooks: tools.join "\n" (builtins.filter (hook: hook != "") hooks);

  # A mkShell of the host set is a layer below the others.
  unfolded =
    if ofHost == null then
      merged
    else
      merged
      // {
        nativeBuildInputs = ofHost.nativeBuildInputs ++ merged.nativeBuildInputs;
        buildInputs = ofHost.buildInputs ++ merged.buildInputs;
        env = ofHost.env // merged.env;
        shellHook = joinHooks [
          ofHost.shellHook
          merged.shellHook
        ];
      };
in
if shell != null && ofHost == null then
  import ./stdenv.nix { inherit tools; } merged shell { }
else if isHost then
  import ./host.nix {
    inherit tools derive;
    host = pkgs;
  } unfolded
else
  import ./stdenv.nix { inherit tools; } merged (
    pkgs.stdenv.mkDerivation {
      name = "cargo-nix-env";
      nativeBuildInputs =
        tools.optional (merged.toolchain != null) merged.toolchain ++ merged.nativeBuildInputs;
      inherit (merged) buildInputs;
      env = given.rest;
    }
  ) given.apart
