{ rust, ... }:
{
  toolchain = rust.default;
}
