{ rust, ... }:
{
  toolchain = rust.default;
  crates.openssl-sys.buildInput = [ ];
}
