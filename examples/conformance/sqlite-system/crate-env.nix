# For what builds it outside of the sandbox: units of libsqlite3-sys get these by
# themselves.
{ pkg-config, sqlite }:
{
  nativeBuildInputs = [ pkg-config ];
  buildInputs = [ sqlite ];
}
