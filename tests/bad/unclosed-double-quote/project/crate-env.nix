{ rust, ... }:
{
  toolchain = rust.default;
  env.A = "open;
}
