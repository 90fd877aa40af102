# From merged layers (nix/lib/layers.nix) to the derivation of the environment:
# one file of JSON, the shape of which is `Env` of src/env/dump.rs.
{
  tools,
  system,
  # The host set, for what stands on it alone.
  host,
}:
merged:
let
  shell = if merged.shell == null then null else merged.shell.cargoNix.shell or null;
in
import ./host.nix { inherit tools system host; } (
  if shell == null then
    merged
  else
    merged
    // {
      nativeBuildInputs = shell.nativeBuildInputs ++ merged.nativeBuildInputs;
      buildInputs = shell.buildInputs ++ merged.buildInputs;
      env = shell.env // merged.env;
      shellHook = tools.join "\n" (
        builtins.filter (hook: hook != "") [
          shell.shellHook
          merged.shellHook
        ]
      );
    }
)
