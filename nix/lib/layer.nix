# One crate-env.nix, called and checked:
# directory -> { directory; file; value; shell; problems; }.
#
# `value` is the set it returned, `shell` the derivation if it returned one;
# neither may be used while there are problems.
{ tools, sources }:
directory:
let
  inherit (tools) isDerivation;

  file = if directory == "" then "crate-env.nix" else "${directory}/crate-env.nix";
  called = import ./call.nix { inherit tools; } {
    inherit file;
    inherit (sources) absent;
    value = import (tools.inSnapshot directory "crate-env.nix");
    scope =
      sources.pkgs
      // {
        inherit (sources) pkgs rust;
        inherit (sources.pkgs) lib;
        inherit (sources) system;
      };
  };
  problems = called.problems or (
    if isDerivation called.value then
      [ ]
    else
      import ./check.nix { inherit tools; } {
        inherit file;
        value = called.value;
      }
  );
  isShell = problems == [ ] && isDerivation called.value;
in
{
  inherit directory file problems;
  shell = if isShell then called.value else null;
  value = if isShell then { } else called.value;
}
