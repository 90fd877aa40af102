{ rust, ... }:
let
  pkgs = import <nixpkgs> { };
in
{
  toolchain = rust.default;
  buildInputs = [ pkgs.openssl ];
}
