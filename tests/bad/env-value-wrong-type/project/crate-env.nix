{ rust, ... }:
{
  toolchain = rust.default;
  env.A = x: x;
}
