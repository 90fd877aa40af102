{ rust, ... }:
{
  toolchain = rust.default;
  buildInput = [ ];
}
