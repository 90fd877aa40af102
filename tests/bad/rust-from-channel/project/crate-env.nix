{ rust, ... }:
{
  toolchain =
    rust.fromChannel "1.2";
}
