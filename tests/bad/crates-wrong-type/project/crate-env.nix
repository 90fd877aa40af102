{ rust, ... }:
{
  toolchain = rust.default;
  crates = "openssl-sys";
}
