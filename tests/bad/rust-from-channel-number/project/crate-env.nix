{ rust, ... }:
{
  toolchain = rust.fromChannel 1.90;
}
