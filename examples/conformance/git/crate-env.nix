# curl and OpenSSL of the system; libgit2 is the crate's own.
{
  pkg-config,
  curl,
  openssl,
  zlib,
}:
{
  nativeBuildInputs = [ pkg-config ];
  buildInputs = [
    curl
    openssl
    zlib
  ];
}
