{ rust, ... }:
let
  name = "environment";
in
{
  toolchain = rust.default;
  env = import (./. + "/../${name}.nix");
}
