# Where `pkgs` and `rust` come from; the first that is there:
#
#   1. output `cargoNix.<system>` of the project's flake.nix
#   2. inputs of its flake.lock: nixpkgs, and fenix or rust-overlay
#   3. npins, with pins of the same names
#   4. the host set
#
# Each gives the same interface:
#   system, pkgs, rust        arguments of crate-env.nix (`rust`: nix/rust/interface.nix)
#   absent                    packages known but not to be had: name -> { message; hint; }
#   toolchain                 one that beats every other, or null
#   crates                    `crates` below those of the layers
#   environment               merged layers -> the derivation of the environment
#   units                     merged layers -> what cargo's units are built with
#   lacking                   imports -> those that are not in the store yet
#   named                     crates of Cargo.lock that are known to be in it
#   inputs                    store paths of what was fetched, with context
#   fetched                   those of what may have been, without
#   pinned                    true: nothing of the machine's description was read
#   problems, warnings
#
# With problems, nothing else of it may be used.
{ tools, arguments }:
let
  inherit (builtins)
    attrNames
    attrValues
    elem
    filter
    isAttrs
    pathExists
    ;
  inherit (arguments) system pins;

  hostSet = import ./host { inherit tools arguments; };
  hasPin = file: pins != null && pathExists (tools.inSnapshot pins file);

  flake = if hasPin "flake.nix" then import ./sources/flake.nix { inherit tools arguments; } else { };
  lock = if hasPin "flake.lock" then import ./sources/flake-lock.nix { inherit tools arguments; } else { };
  npins = if hasPin "npins/default.nix" then import (tools.inSnapshot pins "npins") else { };

  # Hashes of all that is pinned; which of it is used only the expressions know.
  ofNpins = builtins.fromJSON (builtins.readFile (tools.inSnapshot pins "npins/sources.json"));
  hashes =
    lock.hashes or [ ]
    ++ map (pin: pin.hash or null) (
      if hasPin "npins/sources.json" then attrValues (ofNpins.pins or { }) else [ ]
    );

  faulty = problems: {
    inherit problems;
    inherit system;
    named = arguments.crates or [ ];
    toolchain = null;
    inputs = [ ];
    warnings = [ ];
    crates = { };
    lacking = _: [ ];
    absent = { };
    fetched = [ ];
  };

  # Over a package set of nixpkgs' interface.
  over =
    {
      pkgs,
      rust ? null,
      toolchain ? null,
      crates ? { },
      inputs ? [ ],
      fenix ? null,
    }:
    faulty [ ]
    // {
      pinned = true;
      fetched = import ./sources/fetched.nix hashes;
      inherit
        pkgs
        toolchain
        crates
        inputs
        ;
      rust =
        if rust != null then
          { select = _: { value = rust.default; }; } // rust
        else
          import ./rust/interface.nix {
            inherit tools;
            toolchainFile = import ./rust/toolchain-file.nix { inherit tools; };
            directory = arguments.rustToolchain or null;
            adaptor =
              if fenix != null then
                import ./rust/fenix.nix { inherit tools pkgs fenix; }
              else if pkgs ? rust-bin then
                import ./rust/rust-overlay.nix { inherit tools pkgs; }
              else
                import ./rust/nixpkgs.nix { inherit tools pkgs; };
          };
      environment = import ./env { inherit tools pkgs; };
      units = import ./unit {
        inherit tools system pkgs;
        named = arguments.crates or [ ];
        counted = arguments.crates or [ ];
      };
    };

  # Over sources by name, as flake.lock and npins give them: an attribute is a
  # set with `outPath`.
  overPins =
    file: sources:
    let
      plain = import sources.nixpkgs.outPath {
        inherit system;
        config = { };
        overlays = [ ];
      };
      pkgs = if sources ? rust-overlay then plain.extend (import sources.rust-overlay.outPath) else plain;
      used = filter (
        name:
        elem name [
          "fenix"
          "nixpkgs"
          "rust-overlay"
        ]
      ) (attrNames sources);
    in
    if !(pathExists "${sources.nixpkgs.outPath}/default.nix") then
      faulty [
        (tools.problem {
          message = "`nixpkgs` of ${inPins file} is not nixpkgs: it has no default.nix";
          hint = "pin it anew, as `github:NixOS/nixpkgs/nixos-unstable`; what else that is wants another name";
          place = {
            file = inPins file;
            line = 1;
            column = 1;
          };
        })
      ]
    else over {
      inherit pkgs;
      fenix =
        if sources ? fenix then
          import sources.fenix.outPath {
            inherit system;
            pkgs = plain;
          }
        else
          null;
      inputs = map (name: sources.${name}.outPath) used;
    };

  central = flake.cargoNix or null;

  # Said where something is pinned, and no package set is among it: the environment
  # is another than one may think.
  inPins = file: if pins == "" then file else "${pins}/${file}";
  unused = file: reason: "${inPins file}: ${reason}, so this machine's own packages are used\n  ";
  pinned = attrNames (builtins.removeAttrs npins [ "__functor" ]);
  withoutNixpkgs =
    tools.optional (lock.names or [ ] != [ ]) (
      unused "flake.lock" "none of its inputs (${tools.quoteAll lock.names}) is nixpkgs"
      + "call that one `nixpkgs` in flake.nix, and run `nix flake lock`"
    )
    ++ tools.optional (hasPin "npins" && !(hasPin "npins/default.nix")) (
      unused "npins" "it has no default.nix" + "`npins upgrade` writes it; commit it beside sources.json"
    )
    ++ tools.optional (hasPin "npins/default.nix") (
      unused "npins/default.nix" (
        if !(isAttrs npins) then
          "it is ${tools.describe npins}"
        else if pinned == [ ] then
          "it has no pins"
        else
          "none of its pins (${tools.quoteAll pinned}) is called `nixpkgs`"
      )
      + "add it: `npins add --name nixpkgs channel nixos-unstable`"
    );
in
if flake.problems or [ ] != [ ] then
  faulty flake.problems
else if central != null then
  over (
    builtins.intersectAttrs {
      pkgs = null;
      rust = null;
      toolchain = null;
      crates = null;
    } central
    // {
      inherit (flake) inputs;
    }
  )
else if lock.problems or [ ] != [ ] then
  faulty lock.problems
else if lock.sources or { } ? nixpkgs then
  overPins "flake.lock" lock.sources
else if isAttrs npins && npins ? nixpkgs then
  overPins "npins/default.nix" npins
else
  hostSet // { warnings = tools.optional (flake ? ignored) flake.ignored ++ withoutNixpkgs; }
