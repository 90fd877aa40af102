{ rust, ... }:
{
  toolchain = rust.default;
  crates.openssl-sys = 1;
}
