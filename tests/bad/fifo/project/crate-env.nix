{ rust, ... }:
{
  toolchain = rust.default;
  env.DATA = builtins.readFile ./pipe;
}
