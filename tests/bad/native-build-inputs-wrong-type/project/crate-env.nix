{ rust, ... }:
{
  toolchain = rust.default;
  nativeBuildInputs = { };
}
