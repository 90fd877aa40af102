{ rust, opnessl }:
{
  toolchain = rust.default;
  buildInputs = [ opnessl ];
}
