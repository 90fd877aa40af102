{ rust, ... }:
{
  toolchain = rust.defualt;
}
