{ rust, ... }:
{
  toolchain = rust.default;
  buildInputs = [ "openssl" ];
}
