{ rust, ... }:
{
  toolchain = rust.default;
  frobnicate = true;
}
