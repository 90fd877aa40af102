{ rust, ... }:
{
  toolchain = rust.default;
  tools = [ "clippy" ];
}
