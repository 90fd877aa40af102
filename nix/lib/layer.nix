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
      if isOfStdenv called.value then valueless called.value ++ dangling called.value else [ ofNoStdenv ]
    else
      import ./check.nix { inherit tools; } {
        inherit file;
        inherit (sources) named;
        value = called.value;
      }
  );
  # The environment is what the setup of its stdenv makes of it.
  isOfStdenv = shell: shell ? cargoNix.shell || shell ? stdenv || shell ? drvAttrs.stdenv;
  # Over nixpkgs mkDerivation says so itself.
  valueless =
    shell:
    let
      env = shell.cargoNix.shell.env or { };
      isText =
        value:
        !(tools.isCallable value)
        && (!(builtins.isAttrs value) || value ? outPath || value ? __toString)
        && (!(builtins.isList value) || builtins.all isText value);
    in
    map (
      name:
      tools.problem {
        message = "`${name}` of the shell must be a string, a number, a boolean, a path, a package or a list of these, but it is ${tools.describe env.${name}}${
          if builtins.isList env.${name} then " of something else" else ""
        }";
        hint = "turn it into a string, as with `toString` or `builtins.toJSON`";
        place = tools.placeOf name env;
      }
    ) (builtins.filter (name: !(isText env.${name})) (builtins.attrNames env));
  dangling =
    shell:
    let
      ofHost = shell.cargoNix.shell or null;
      set = if ofHost == null then shell.drvAttrs // shell.drvAttrs.env or { } else ofHost.env // { inherit (ofHost) shellHook; };
    in
    map (
      name:
      tools.problem (tools.dangling name // { place = tools.placeOf name set; })
    ) (builtins.filter (name: tools.dangles set.${name}) (builtins.attrNames set));
  ofNoStdenv = {
    message = "${file} returns a derivation that no stdenv made, so it has no environment";
    inherit file;
    line = 1;
    column = 1;
    hint = "return `pkgs.mkShell { … }` or a set, as `{ buildInputs = [ … ]; }`";
  };
  isShell = problems == [ ] && isDerivation called.value;
in
{
  inherit directory file problems;
  shell = if isShell then called.value else null;
  value = if isShell then { } else called.value;
}
