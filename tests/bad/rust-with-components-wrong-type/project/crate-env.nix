{ rust, ... }:
{
  toolchain = rust.withComponents "clippy";
}
