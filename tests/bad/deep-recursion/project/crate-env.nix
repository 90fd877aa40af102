{ rust, ... }:
let
  count = n: 1 + count (n + 1);
in
{
  toolchain = rust.default;
  env.N = count 0;
}
