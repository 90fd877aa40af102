{ rust, ... }:
{
  toolchain = rust.fromFile ./rust-toolchain.toml;
}
