{ rust, pkgs, ... }:
{
  toolchain = rust.default;
  buildInputs = [ pkgs.opnessl ];
}
