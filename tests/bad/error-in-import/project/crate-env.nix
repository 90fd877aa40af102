{ rust, ... }:
{
  toolchain = rust.default;
  env = import ./nix/environment.nix;
}
