{ rust, ... }:
{
  toolchain = rust.default;
  shellHook = ''
    echo hello
}
