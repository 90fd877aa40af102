# The closure of a store path, with sizes and references, as Nix writes it down
# for a builder. `request` is the JSON of the protocol's ClosureAsk.
request:
let
  inherit (builtins.fromJSON request) path system;
in
"${derivation {
  name = "closure";
  inherit system;
  builder = "/bin/sh";
  # No program but the shell: there may be none in the sandbox. The JSON is one
  # line without an end, at which `read` fails after having read it.
  args = [
    "-c"
    ''IFS= read -r line < "$NIX_ATTRS_JSON_FILE"; printf '%s\n' "$line" > "$0"''
    (builtins.placeholder "out")
  ];
  __structuredAttrs = true;
  exportReferencesGraph.graph = [ (builtins.appendContext path { ${path}.path = true; }) ];
  # The list names what it lists; that should not keep it alive.
  unsafeDiscardReferences.out = true;
  preferLocalBuild = true;
  allowSubstitutes = false;
}}"
