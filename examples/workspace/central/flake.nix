# The central place of a repository: which nixpkgs, and which toolchain in spite
# of what the crate-env.nix files name. Put it beside the workspace's Cargo.toml
# (or above), then `nix flake lock`.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.fenix.url = "github:nix-community/fenix";
  inputs.fenix.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, fenix, ... }:
    {
      cargoNix.x86_64-linux = {
        pkgs = nixpkgs.legacyPackages.x86_64-linux;
        toolchain = fenix.packages.x86_64-linux.stable.defaultToolchain;
      };
    };
}
