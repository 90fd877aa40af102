{ rust, ... }:
{
  toolchain = rust.default;
  env.DATA = "${./data}";
}
