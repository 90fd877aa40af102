{ rust, ... }:
{
  toolchain = rust.default;
  crates.openssl-sys.sandbox = "no";
}
