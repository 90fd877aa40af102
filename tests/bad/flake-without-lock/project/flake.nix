{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  outputs = { nixpkgs, ... }: {
    cargoNix.x86_64-linux.pkgs = nixpkgs.legacyPackages.x86_64-linux;
  };
}
