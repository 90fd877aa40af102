{ rust, ... }:
{
  toolchain = rust.default;
  env = [ "A=1" ];
}
