{ rust, ... }:
{
  toolchain = rust.fromChannel "nighlty";
}
