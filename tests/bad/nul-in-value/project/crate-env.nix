{ rust, ... }:
{
  toolchain = rust.default;
  env.A = builtins.fromJSON ''"a\u0000b"'';
}
