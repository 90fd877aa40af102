{ rust, ... }:
{
  toolchain = rust.default;
  env = import ./a.nix;
}
