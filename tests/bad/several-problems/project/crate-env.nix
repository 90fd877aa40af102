{ rust, ... }:
{
  toolchian = rust.default;
  evn.A = "1";
  buildInputs = "openssl";
}
