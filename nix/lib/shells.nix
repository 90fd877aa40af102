# The shells of several layers as one, the later over the earlier: lists are
# joined, variables merged, hooks run one after the other.
{ tools }:
let
  inherit (builtins)
    attrNames
    filter
    foldl'
    isAttrs
    removeAttrs
    tail
    ;

  both = earlier: later: {
    nativeBuildInputs = earlier.nativeBuildInputs or [ ] ++ later.nativeBuildInputs or [ ];
    buildInputs = earlier.buildInputs or [ ] ++ later.buildInputs or [ ];
    shellHook = tools.join "\n" (
      filter (hook: hook != "") [
        (earlier.shellHook or "")
        (later.shellHook or "")
      ]
    );
  };

  # A mkShell of the host set is data.
  ofHost =
    earlier: later:
    let
      a = earlier.cargoNix.shell;
      b = later.cargoNix.shell;
    in
    later // { cargoNix.shell = both a b // { env = a.env // b.env; }; };

  # What every derivation of a stdenv has is no variable of the earlier one.
  lists = builtins.fromJSON (builtins.readFile ../env/never-export.json);
  ofStdenv =
    earlier: later:
    let
      structured = isAttrs (later.drvAttrs.env or null);
      variables = removeAttrs earlier.drvAttrs (attrNames later.drvAttrs ++ lists.stdenv);
    in
    later.overrideAttrs (
      old:
      both earlier old
      // (
        if structured then
          { env = variables // earlier.drvAttrs.env or { } // old.env or { }; }
        else
          removeAttrs variables [ "env" ]
      )
    );

  isOfHost = shell: shell ? cargoNix.shell;
  over =
    earlier: later:
    if isOfHost earlier && isOfHost later then
      ofHost earlier later
    else if !(isOfHost earlier) && !(isOfHost later) && later ? overrideAttrs then
      ofStdenv earlier later
    else
      later;
in
shells: foldl' over (builtins.head shells) (tail shells)
