# Parts of the machine in the store: `path` gives a string with context, below
# `require`; `lacking` says which ones have to be added first.
{ host }:
let
  known = host.imports or { };
  lacking = builtins.filter (import: !(known ? ${import.id}));
in
{
  inherit lacking;

  # `value`, once all of `imports` are there: all that lack are told at once.
  require =
    imports: value:
    if lacking imports == [ ] then
      value
    else
      throw "cargo-nix-needs-imports ${builtins.toJSON (lacking imports)}";

  # { id; name; root; files; } -> its store path.
  path =
    import:
    let
      path = known.${import.id};
    in
    builtins.appendContext path { ${path}.path = true; };
}
