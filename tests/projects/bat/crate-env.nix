# libgit2 and oniguruma are built from the C sources in their crates, and zlib
# is the machine's if pkg-config finds it.
{
  rust,
  pkg-config,
}:
{
  toolchain = rust.default;
  nativeBuildInputs = [ pkg-config ];
}
