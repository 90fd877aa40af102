{ rsut }:
{
  toolchain = rsut.default;
}
