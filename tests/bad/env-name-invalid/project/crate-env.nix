{ rust, ... }:
{
  toolchain = rust.default;
  env."A=B" = "1";
}
