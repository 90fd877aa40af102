{ rust, ... }:
{
  toolchain = rust.default;
  env.A = abort "no further";
}
