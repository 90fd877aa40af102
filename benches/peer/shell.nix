# A shell without packages, as `nix print-dev-env` sees one of nixpkgs' mkShell:
# its setup leaves as many functions and variables behind.
{
  inNixShell ? true,
  system ? builtins.currentSystem,
}:
derivation {
  inherit system;
  name = "shell";
  builder = "/bin/bash";
  outputs = [ "out" ];
  stdenv = ./stdenv;
  PKG_CONFIG_PATH = "/of/openssl/lib/pkgconfig";
}
