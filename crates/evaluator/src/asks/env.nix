# An environment: `request` is the JSON of the protocol's EnvAsk. Nothing of the
# result is forced before it is asked for.
request:
let
  ask = builtins.fromJSON request;
  tree =
    { path, nar_hash }:
    (builtins.fetchTree {
      type = "path";
      inherit path;
      narHash = nar_hash;
    }).outPath;
  snapshot = tree ask.snapshot;
  library = tree ask.library;
  result = import (library + "/entry.nix") (
    ask.arguments
    // {
      inherit snapshot;
      snapshotNarHash = ask.snapshot.nar_hash;
    }
  );
  plain = builtins.unsafeDiscardStringContext;
in
{
  snapshot = plain snapshot;
  library = plain library;
  imports = plain (builtins.toJSON (result.imports or [ ]));
  meta = plain (builtins.toJSON (result.meta or { }));
  inputs = plain (builtins.toJSON (map (input: "${input}") (result.inputs or [ ])));
  env = "${result.env}";
  derivation = plain result.env.drvPath;
}
