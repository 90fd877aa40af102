# Parts of the machine in the store: `path` gives a string with context,
# `lacking` says which ones have to be added first.
{ host }:
let
  known = host.imports or { };
in
{
  # { id; name; root; files; } -> its store path.
  path =
    import:
    let
      path = known.${import.id};
    in
    if known ? ${import.id} then
      builtins.appendContext path { ${path}.path = true; }
    else
      throw "cargo-nix-needs-imports ${builtins.toJSON [ import ]}";

  lacking = builtins.filter (import: !(known ? ${import.id}));
}
