# The environment over the host set: PATH and pkg-config's paths out of the
# inputs' directories, and `env` of crate-env.nix.
{
  tools,
  derive,
  host,
}:
merged:
let
  inherit (builtins) filter mapAttrs toJSON;
  inherit (tools) concatMap optional unique;

  coerce = import ./coerce.nix;
  cc = host.cc;
  parts =
    optional (merged.toolchain != null) merged.toolchain
    ++ merged.tools
    ++ merged.nativeBuildInputs
    ++ merged.buildInputs
    ++ [ cc ];
  inputs = merged.nativeBuildInputs ++ merged.buildInputs;
  given = builtins.foldl' (all: part: all // part.cargoNix.variables or { }) { } parts;
  hostParts = map (part: part.hostPart) (filter (part: part ? hostPart) (unique parts));

  rest = {
    shellHook = merged.shellHook;
    toolchain = if merged.toolchain == null then null else "${merged.toolchain}";
    host = hostParts;
  };
in
derive {
  name = "cargo-nix-env";
  args = [
    "-eu"
    ./host.sh
  ];
  searchPath = ../host/search-path.sh;
  parts = unique (map (part: "${part}") parts);
  inputs = unique (map (part: "${part}") inputs);
  variables = toJSON (mapAttrs (_: coerce) (given // merged.env));
  rest = toJSON rest;
  passAsFile = [
    "variables"
    "rest"
  ];
}
