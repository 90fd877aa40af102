{ rust, ... }:
{
  toolchain = rust.default;
  env.USER = builtins.getEnv "USER";
}
