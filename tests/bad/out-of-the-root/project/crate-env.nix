{ rust, ... }:
{
  toolchain = rust.default;
  env = import ../environment.nix;
}
