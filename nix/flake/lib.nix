# `lib` of the flake: for the flakes of projects that have a crate-env.nix.
{ lib, systems }:
let
  known = [
    "pkgs"
    "rust"
    "toolchain"
    "crates"
  ];
  check =
    attributes:
    let
      unknown = lib.subtractLists known (lib.attrNames attributes);
    in
    lib.throwIf (unknown != [ ])
      "cargoNix.<system> has no attribute `${lib.head unknown}`; it can have: ${lib.concatStringsSep ", " known}"
      (
        lib.throwIfNot (attributes ? pkgs) "cargoNix.<system> needs `pkgs`" attributes
      );
in
{
  inherit systems;

  # The output `cargoNix` of a project's flake, for each system: the one place
  # where `pkgs`, the toolchain and the overrides of all its crates are set.
  #
  #   outputs = { nixpkgs, cargo-nix, fenix, ... }: {
  #     cargoNix = cargo-nix.lib.cargoNix (system: {
  #       pkgs = nixpkgs.legacyPackages.${system};
  #       toolchain = fenix.packages.${system}.stable.minimalToolchain;
  #     });
  #   };
  cargoNix = f: lib.genAttrs systems (system: check (f system));

  # { pkgs; root; } -> a mkShell of root's crate-env.nix.
  mkShell = import ./mk-shell.nix;
}
