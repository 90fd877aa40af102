{ ... }:
{
  toolchain = 1.95;
}
