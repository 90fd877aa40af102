{ rust, lib, ... }:
assert 1 == 2;
{
  toolchain = rust.default;
}
