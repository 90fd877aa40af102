{ rust }:
{
  toolchain = rust.default;
  # The crate brings its C code; the compiler for it is part of every
  # environment of units. `env` of a crate reaches its units alone.
  crates.libz-sys.env.CFLAGS = "-O2";
}
