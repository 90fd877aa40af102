{ rust, ... }:
let
  toolchain = toolchain;
in
{
  inherit toolchain;
}
