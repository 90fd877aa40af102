# What every member needs.
{
  rust,
  pkg-config,
  openssl,
}:
{
  toolchain = rust.default;
  nativeBuildInputs = [ pkg-config ];
  buildInputs = [ openssl ];
}
