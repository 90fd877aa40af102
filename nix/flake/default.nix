# The outputs of flake.nix, one file each; nixpkgs is the only input.
{ self, nixpkgs }:
let
  inherit (nixpkgs) lib;

  systems = [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "aarch64-darwin"
  ];
  forSystems = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});

  package = pkgs: pkgs.callPackage ./package.nix { };
in
{
  packages = forSystems (pkgs: rec {
    cargo-nix = package pkgs;
    default = cargo-nix;
  });

  devShells = forSystems (pkgs: {
    default = pkgs.callPackage ./dev-shell.nix { cargo-nix = package pkgs; };
  });

  apps = forSystems (pkgs: rec {
    cargo-nix = {
      type = "app";
      program = "${package pkgs}/bin/cargo-nix";
      meta.description = "The environment of a Rust project from crate-env.nix";
    };
    default = cargo-nix;
  });

  overlays.default = final: _: { cargo-nix = package final; };

  lib = import ./lib.nix { inherit lib systems; };
}
