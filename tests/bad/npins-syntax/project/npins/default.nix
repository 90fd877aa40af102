let
  data = builtins.fromJSON (builtins.readFile ./sources.json);
in
if data.version == 99 then throw "Unsupported format version ${toString data.version} in sources.json. Try running `npins upgrade`" else data.pins
