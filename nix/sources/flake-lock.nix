# The inputs of the project's flake.lock by name, as far as they are of use:
# -> { sources = { nixpkgs ? ; fenix ? ; rust-overlay ? ; }; names; hashes; } or
# { problems; }, `names` of all inputs, each source a set with `outPath`. Nothing is fetched before it is
# used.
{ tools, arguments }:
let
  inherit (builtins)
    attrNames
    elemAt
    filter
    foldl'
    fromJSON
    head
    isAttrs
    isList
    listToAttrs
    readFile
    ;
  inherit (arguments) pins;

  file = if pins == "" then "flake.lock" else "${pins}/flake.lock";
  lock = builtins.addErrorContext "while reading ${file}" (
    fromJSON (readFile (tools.inSnapshot pins "flake.lock"))
  );
  version = lock.version or null;

  # An input is a node's name, or a path of inputs from the root (`follows`).
  resolve = input: if isList input then foldl' step lock.root input else input;
  step = node: name: resolve lock.nodes.${node}.inputs.${name};

  root = lock.nodes.${lock.root}.inputs or { };
  nodeOf = name: lock.nodes.${resolve root.${name}};
  isNixpkgs = name: (nodeOf name).locked.repo or null == "nixpkgs";

  # The inputs by the names that are looked for.
  wanted =
    (
      if root ? nixpkgs then
        [ { name = "nixpkgs"; value = "nixpkgs"; } ]
      else
        let
          others = filter isNixpkgs (attrNames root);
        in
        if others == [ ] then [ ] else [ { name = "nixpkgs"; value = head others; } ]
    )
    ++
      map
        (name: {
          inherit name;
          value = name;
        })
        (
          filter (name: root ? ${name}) [
            "fenix"
            "rust-overlay"
          ]
        );

  source =
    name:
    let
      inherit (nodeOf name) locked;
      directory = locked.dir or "";
      inside = locked.type == "path" && !(tools.hasPrefix "/" locked.path);
      tree =
        if inside then
          tools.inSnapshot pins locked.path
        else
          (builtins.fetchTree (removeAttrs locked [ "dir" ])).outPath;
    in
    {
      outPath = if directory == "" then tree else "${tree}/${directory}";
    };
in
if !(isAttrs lock) || !(isAttrs (lock.nodes or null)) || !(lock ? root) then
  {
    problems = [
      (tools.problem {
        message = "${file} is not a lock file of a flake";
        hint = "remove it and run `nix flake lock`";
        place = {
          inherit file;
          line = 1;
          column = 1;
        };
      })
    ];
  }
else if !(builtins.elem version [ 5 6 7 ]) then
  {
    problems = [
      (tools.problem {
        message = "${file} is of version ${builtins.toJSON version}; versions 5 to 7 are known";
        hint = "update cargo-nix, or write the lock anew with an older Nix: `nix flake lock`";
        place = {
          inherit file;
          line = 1;
          column = 1;
        };
      })
    ];
  }
else
  {
    sources = builtins.mapAttrs (_: source) (listToAttrs wanted);
    names = attrNames root;
    # Of every input, and of theirs: a flake's outputs may use any of them.
    hashes = builtins.concatMap (node: if node ? locked.narHash then [ node.locked.narHash ] else [ ]) (
      builtins.attrValues lock.nodes
    );
  }
