{ rust, ... }:
{
  toolchain = rsut.default;
}
