{ rust, ... }:
let
  toolchain = rust.default.withComponents [ "nope" ];
in
{
  inherit toolchain;
}
