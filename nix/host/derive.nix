# A derivation that is built with the machine's own programs. `paths` are the
# directories of the machine that its sandbox shows (`host.sandboxPaths`); they
# are asked for by each of these derivations, so that no other one sees them:
# what nixpkgs builds must not find the machine's headers.
{ system, paths }:
attributes:
derivation (
  {
    inherit system;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    __impureHostDeps = paths;
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
  // attributes
)
