{ rust, ... }:
{
  toolchain = rust.default;
  env.NOW = toString builtins.currentTime;
}
