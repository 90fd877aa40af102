# Build scripts that read headers: that of this member, in its environment, and
# that of zstd-sys, in a sandbox.
{ libclang }:
{
  nativeBuildInputs = [ libclang ];
  crates.zstd-sys.nativeBuildInputs = [ libclang ];
}
