{
  description = "The environment of a Rust project from crate-env.nix, evaluated by libnixexpr, printed from a cache";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }: import ./nix/flake { inherit self nixpkgs; };
}
