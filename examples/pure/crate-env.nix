{ rust }:
{
  toolchain = rust.default;
}
