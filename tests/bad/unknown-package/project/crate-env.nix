{ rust, frobnicate-library }:
{
  toolchain = rust.default;
  buildInputs = [ frobnicate-library ];
}
