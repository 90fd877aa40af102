{ rust, ... }:
{
  toolchian = rust.default;
}
