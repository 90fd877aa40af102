# curl of the system; libgit2 is the crate's own.
{
  pkg-config,
  curl,
  zlib,
}:
{
  nativeBuildInputs = [ pkg-config ];
  buildInputs = [
    curl
    zlib
  ];
}
