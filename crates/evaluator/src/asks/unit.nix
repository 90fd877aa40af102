# One unit of cargo's as a derivation. `request` is the JSON of the protocol's
# UnitAsk; its variables have no name that means something to Nix.
request:
let
  ask = builtins.fromJSON request;
  # The texts mention store paths; the context is what makes them inputs. Where
  # the derivation is known, that is the input, so that the graph can be built
  # elsewhere.
  context = builtins.listToAttrs (
    map (
      { path, derivation }:
      if derivation == null then
        {
          name = path;
          value.path = true;
        }
      else
        {
          name = derivation;
          value.outputs = [ "out" ];
        }
    ) ask.inputs
  );
  unit = derivation (
    ask.variables
    // {
      inherit (ask) name system;
      builder = "/bin/sh";
      args = [
        "-c"
        (builtins.appendContext ask.script context)
        "unit"
      ]
      ++ ask.arguments;
    }
  );
in
{
  path = "${unit}";
  derivation = builtins.unsafeDiscardStringContext unit.drvPath;
}
