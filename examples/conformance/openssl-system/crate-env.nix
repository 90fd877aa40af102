# For what builds it outside of the sandbox: units of openssl-sys get these by
# themselves.
{ pkg-config, openssl }:
{
  nativeBuildInputs = [ pkg-config ];
  buildInputs = [ openssl ];
}
