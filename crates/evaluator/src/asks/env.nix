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
  snapshotTree = tree ask.snapshot;
  # What lies beside the project is there only where the project is; a path that
  # is not UTF-8 is none in Nix.
  project = /. + ask.project_root;
  snapshot =
    if (ask.arguments.impure or false) && builtins.pathExists project then project else snapshotTree;
  library = tree ask.library;
  result = import (library + "/entry.nix") (
    ask.arguments
    // {
      inherit snapshot snapshotTree;
      snapshotNarHash = ask.snapshot.nar_hash;
    }
  );
  plain = builtins.unsafeDiscardStringContext;
in
{
  snapshot = plain (toString snapshot);
  library = plain library;
  imports = plain (builtins.toJSON (result.imports or [ ]));
  meta = plain (builtins.toJSON (result.meta or { }));
  inputs = plain (builtins.toJSON (map (input: "${input}") (result.inputs or [ ])));
  fetched = plain (builtins.toJSON (result.fetched or [ ]));
  env = "${result.env}";
  derivation = plain result.env.drvPath;
}
